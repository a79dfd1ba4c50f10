import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type DoctorCommand, doctor } from '../../src/cli/doctor.ts'
import { examineWindows, memoryFinding } from '../../src/runtime/requirements/windows-findings.ts'
import { makeCurrent, writeNote } from '../../src/windows/installed.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun doctor '))
  vi.stubEnv('OSRUN_CACHE', join(folder, 'cache'))
  vi.stubEnv('OSRUN_ACCEL', 'tcg')
  vi.stubEnv('OSRUN_RUNTIME', undefined)
  vi.stubEnv('OSRUN_GUEST', undefined)
  vi.stubEnv('OSRUN_URL', undefined)
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'none.sock')}`)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const qemuImg = await execa('qemu-img', ['--version'], { reject: false })
const noQemu = qemuImg.failed ? ' (skipped: there is no qemu-img)' : ''

test.skipIf(qemuImg.failed)(`the QEMU of this host is found with its version${noQemu}`, async () => {
  const { stdout } = await run()
  const version = /version ([\d.]+)/.exec(qemuImg.stdout)?.[1]
  expect(stdout).toMatch(new RegExp(`^(ok|missing) +qemu-img +${version}`, 'm'))
})

test('the findings and the exit code agree', async () => {
  const { code, stdout } = await run({ json: true })
  const { usable, findings, snapshots } = JSON.parse(stdout)
  expect(snapshots).toEqual([])
  expect(usable).toEqual(code === 0 ? ['host'] : [])
  expect(findings.map(({ what }: { what: string }) => what)).toEqual(
    expect.arrayContaining([
      'platform',
      'Node',
      'cache',
      'capacity',
      'Docker Engine',
      'qemu-img',
      'mmdebstrap',
      'snapshots',
    ]),
  )
})

test('a host without QEMU and without an engine is told what to do, without colours', async () => {
  await hidePrograms()
  const { code, stdout } = await run()
  expect(code).toBe(1)
  expect(stdout).toMatch(/^note {5}Docker Engine {7}No Docker Engine answers at unix:.*none\.sock/m)
  expect(stdout).toMatch(
    /^missing {2}qemu-system-x86_64 {2}not found, 10\.0 or newer is needed; it runs the machines$/m,
  )
  expect(stdout).toMatch(/^ +→ osrun installs with apt only, which this host does not have\./m)
  expect(stdout).toContain('No guest can run yet')
  expect(stdout).not.toContain('\u001b')
})

test('where an engine answers nothing is needed on the host, and nothing is installed', async () => {
  await hidePrograms()
  await using _ = await engine()
  const { code, stdout, stderr } = await run({ install: true })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ok +Docker Engine +28\.1\.0$/m)
  expect(stdout).toMatch(/^note +mmdebstrap +not found; .* \(only where guests run on the host\)$/m)
  expect(stdout).toContain('Guests run in a container.')
  expect(stderr).toContain('Docker Engine 28.1.0 answers')
})

test.each([
  ['the flag', { runtime: 'host' }, undefined],
  ['the environment variable', {}, 'host'],
] as const)('%s for the host runtime makes an engine no reason not to install', async (_, flags, variable) => {
  await hidePrograms()
  await using _engine = await engine()
  vi.stubEnv('OSRUN_RUNTIME', variable)
  expect((await run(flags)).code).toBe(1)
  await expect(run({ ...flags, install: true })).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringContaining('osrun installs with apt only'),
  })
})

test('the Docker runtime without an engine is missing one, and installs nothing on the host', async () => {
  const { code, stdout, stderr } = await run({ runtime: 'docker', install: true })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^missing +Docker Engine /m)
  expect(stderr).toContain('nothing is installed on this host')
})

test('a machine room elsewhere makes this host no matter', async () => {
  vi.stubEnv('OSRUN_URL', 'ws://127.0.0.1:9')
  vi.stubEnv('OSRUN_TOKEN', 'token')
  const { code, stdout } = await run({ install: true })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^missing +machine room +ws:\/\/127\.0\.0\.1:9 /)
})

test('in the image neither an engine is looked for nor what builds a guest, and nothing is installed', async () => {
  vi.stubEnv('OSRUN_IN_IMAGE', '1')
  vi.stubEnv('OSRUN_GUEST_FILES', join(folder, 'guests'))
  const { stdout, stderr } = await run({ install: true })
  expect(stdout).not.toMatch(/Docker Engine|mmdebstrap/)
  expect(stdout).toMatch(/^(ok|missing) +qemu-img /m)
  expect(stderr).toBe('The image has all that machines need: nothing is installed.\n')
})

test('a Windows guest asks for what its media are made with, for room and for acceleration, in words and what to do', async () => {
  await hidePrograms()
  const { code, stdout } = await run({ guest: 'win11' })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^missing {2}wimlib-imagex +not found, 1\.13 or newer is needed; it reads and makes images/m)
  expect(stdout).toMatch(/^missing {2}genisoimage /m)
  expect(stdout).not.toContain('mmdebstrap')
  expect(stdout).toMatch(/^note +guest win11 +not installed\n +→ `osrun install win11` installs it$/m)
  expect(stdout).toMatch(/^(ok|missing) +room for Windows +.* free in .*cache; an installation needs 30\.0 GiB$/m)
  expect(stdout).toMatch(/^(ok|note) +memory for Windows +.*; the machine that installs has 4\.0 GiB$/m)
  await expect(run({ guest: 'win11', install: true })).rejects.toThrow(/wimlib-imagex: not found/)
})

test('a Windows guest that is installed needs the programs of its installation no more', async () => {
  await hidePrograms()
  const parent = join(folder, 'cache', 'guests', 'server2025')
  await mkdir(join(parent, '00112233445566aa'), { recursive: true })
  await writeFile(join(parent, '00112233445566aa', 'guest.json'), '{"id":"00112233445566aa"}')
  await writeNote(join(parent, '00112233445566aa'), {
    ...{
      edition: 'ServerStandard',
      language: 'en-US',
      architecture: 'x64',
      profile: 'slim',
      firmware: 'bios',
      tpm: 'none',
      devices: 'inbox',
      build: '26100.1742',
    },
    ...{ provenance: { source: 'own', from: 'w.iso', sha256: '' }, wishes: {} },
  })
  await makeCurrent(parent, '00112233445566aa')
  vi.stubEnv('OSRUN_GUEST', 'server2025')
  const { stdout } = await run()
  expect(stdout).toMatch(/^ok +guest server2025 +installed: ServerStandard, en-US, build 26100\.1742, profile slim$/m)
  expect(stdout).toMatch(/^note +wimlib-imagex +not found.*\(only to install it anew\)$/m)
  expect(stdout).not.toContain('room for Windows')
})

test('where guests are emulated, Windows is said to be slow', async () => {
  const state = await examineWindows('win11', folder, true)
  expect(state.findings.at(-1)).toMatchObject({ mark: 'note', todo: expect.stringContaining('install win11 --slow') })
  const quick = await examineWindows('win11', folder, false)
  expect(quick.findings.map(({ what }) => what)).toEqual(['guest win11', 'room for Windows', 'memory for Windows'])
})

test('a computer with little memory is told how much Windows wants', () => {
  expect(memoryFinding(4 * 2 ** 30)).toMatchObject({ mark: 'note', todo: 'Give osrun 5.0 GiB of memory or more' })
  expect(memoryFinding(8 * 2 ** 30)).toMatchObject({ mark: 'ok' })
})

test('a guest that there is not is refused', async () => {
  await expect(run({ guest: 'dos' })).rejects.toMatchObject({ code: 'UNKNOWN_GUEST' })
})

test('a wrong environment variable is refused', async () => {
  vi.stubEnv('OSRUN_RUNTIME', 'podman')
  await expect(run()).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

async function run(command: DoctorCommand = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await doctor({ ...command, stdout, stderr })
  return { code, stdout: await text(stdout.end()), stderr: await text(stderr.end()) }
}

// What is in the folders of the system's own programs is found all the same.
async function hidePrograms() {
  await mkdir(join(folder, 'bin'))
  vi.stubEnv('PATH', join(folder, 'bin'))
}

async function engine() {
  const socket = join(folder, 'docker.sock')
  const server = createServer((_, response) => response.end('{"OSType":"linux","Version":"28.1.0"}')).listen(socket)
  await once(server, 'listening')
  vi.stubEnv('DOCKER_HOST', `unix://${socket}`)
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
