import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OsrunServer, startServer } from '../../src/client/index.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { processes, qemus } from './host-processes.ts'

const run = promisify(execFile)
const cache = defaultCache(process.env)
let server: OsrunServer

beforeAll(async () => {
  server = await startServer({ runtime: 'host', cache, onLog: (line) => process.stderr.write(`${line}\n`) })
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

test('machines from one snapshot run at once and do not see each other', async () => {
  const [first, second] = await Promise.all([server.acquire(), server.acquire()])
  await Promise.all([
    first.run('echo first> C:\\who.txt& echo done'),
    second.run('echo second> C:\\who.txt& echo done'),
  ])
  const [one, two] = await Promise.all([first.run('type C:\\who.txt'), second.run('type C:\\who.txt')])
  expect([one.stdout, two.stdout]).toEqual(['first', 'second'])
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
})

test('a snapshot holds the disk, the desktop and the running programs, and its machine goes on', async () => {
  await using win = await server.acquire()
  await win.run('start notepad & echo kept> C:\\kept.txt')
  await expect.poll(async () => (await win.run('tasklist')).stdout, { timeout: 60_000 }).toContain('notepad.exe')
  const info = await win.snapshot('test-kept', { replace: true })
  expect(info).toMatchObject({ name: 'test-kept', guest: 'wine', parent: 'provisioned' })
  await win.run('del C:\\kept.txt')
  await win.restore('test-kept')
  expect(win.snapshotName).toBe('test-kept')
  expect((await win.run('type C:\\kept.txt')).stdout).toBe('kept')
  expect((await win.run('tasklist')).stdout).toContain('notepad.exe')

  await win.run('echo second generation> C:\\second.txt')
  await win.snapshot('test-second', { replace: true })
  await win.restore('test-second')
  expect((await win.run('type C:\\kept.txt C:\\second.txt')).stdout).toMatch(/kept.*second generation/s)

  await win.restore('provisioned')
  expect((await win.run('type C:\\kept.txt', { reject: false })).exitCode).toBe(1)
  expect((await win.snapshots()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['provisioned', 'test-kept', 'test-second']),
  )
})

test('a snapshot that is replaced while a machine runs from it leaves the machine whole', async () => {
  await using first = await server.acquire()
  await first.run('echo one> C:\\generation.txt')
  await first.snapshot('test-replaced', { replace: true })
  await using second = await server.acquire({ snapshot: 'test-replaced' })
  await expect(first.snapshot('test-replaced')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
  await first.run('echo two> C:\\generation.txt')
  await first.snapshot('test-replaced', { replace: true })
  expect((await second.run('type C:\\generation.txt')).stdout).toBe('one')
  await second.restore()
  expect((await second.run('type C:\\generation.txt')).stdout).toBe('two')
})

test("the guest's clock is the host's after a restore", async () => {
  await using win = await server.acquire()
  const { stdout } = await win.run('echo %date% %time%')
  const guest = new Date(`${stdout.replace(/\.\d+$/, '')} UTC`)
  expect(Math.abs(guest.getTime() - Date.now())).toBeLessThan(120_000)
})

test('a machine whose QEMU is killed fails what runs in it, and the next machine is well', async () => {
  await using lone = await startServer({ runtime: 'host', cache, standbys: 0 })
  const before = await qemus('osrun-')
  await using win = await lone.acquire()
  const [pid] = (await qemus('osrun-')).filter((id) => !before.includes(id))
  const lost = win.run('ping -n 1000 127.0.0.1')
  lost.catch(() => {})
  process.kill(pid ?? expect.fail('no QEMU was started'), 'SIGKILL')
  await expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', message: expect.stringContaining('SIGKILL') })
  // In place of a picture of a test that failed, this is what is told.
  const gone = { code: 'MACHINE_CRASHED', message: expect.stringContaining('QEMU was ended by SIGKILL') }
  await expect(win.screenshot()).rejects.toMatchObject(gone)
  await expect(win.run('echo still there')).rejects.toMatchObject({ name: 'OsrunError' })
  await win.restore()
  expect((await win.run('echo well')).stdout).toBe('well')
})

test('a machine ends when its client goes, and nothing of it is left', async () => {
  await using lone = await startServer({ runtime: 'host', cache, standbys: 0 })
  const before = await qemus('osrun-')
  const win = await lone.acquire()
  expect((await qemus('osrun-')).length).toBe(before.length + 1)
  await win[Symbol.asyncDispose]()
  await expect.poll(() => qemus('osrun-')).toEqual(before)
})

test('with tempDrive the machines write to memory, take snapshots that outlive it, and leave nothing there', async () => {
  const before = await inMemory()
  const inMemoryRoom = await startServer({ runtime: 'host', cache, standbys: 0, tempDrive: true })
  {
    await using win = await inMemoryRoom.acquire()
    expect(await inMemory()).toHaveLength(before.length + 1)
    await win.run('echo kept> C:\\kept.txt')
    await win.snapshot('test-in-memory', { replace: true })
    await win.restore('test-in-memory')
    await win.run('echo again>> C:\\kept.txt')
    await win.snapshot('test-in-memory', { replace: true })
  }
  await inMemoryRoom[Symbol.asyncDispose]()
  expect(await inMemory()).toEqual(before)
  await using win = await server.acquire({ snapshot: 'test-in-memory' })
  expect((await win.run('type C:\\kept.txt')).stdout).toBe('kept\nagain')
})

async function inMemory(): Promise<string[]> {
  return (await readdir('/dev/shm')).filter((name) => name.startsWith('osrun-drive-'))
}

describe('a server that is killed', () => {
  test('takes its machines along, and the next one removes what it left', async () => {
    const own = await mkdtemp(join(tmpdir(), 'osrun killed '))
    // Its own runs, the guest and snapshots of all tests.
    await mkdir(cache, { recursive: true })
    await symlink(join(cache, 'guests'), join(own, 'guests'))
    await symlink(join(cache, 'store'), join(own, 'store'))
    const doomed = await startServer({ runtime: 'host', cache: own })
    const win = await doomed.acquire()
    const lost = win.run('ping -n 1000 127.0.0.1')
    lost.catch(() => {})
    const [serving] = await processes((words) => words.includes('serve') && words.includes(own))
    const machines = await qemus(own)
    expect(machines.length).toBeGreaterThan(0)
    process.kill(serving ?? expect.fail('no server runs'), 'SIGKILL')
    await expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await expect.poll(() => qemus(own)).toEqual([])
    expect((await readdir(join(own, 'runs'))).length).toBeGreaterThan(0)
    await doomed[Symbol.asyncDispose]()
    const next = await startServer({ runtime: 'host', cache: own })
    expect((await readdir(join(own, 'runs'))).filter((name) => !name.endsWith('.lock'))).toHaveLength(1)
    await next[Symbol.asyncDispose]()
    await rm(own, { recursive: true, force: true })
  })
})

describe.skipIf(process.getuid?.() !== 0)('a store on a full disk', () => {
  test('is reported with what is needed and what is free', async () => {
    const small = await mkdtemp(join(tmpdir(), 'osrun small '))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small])
    try {
      await symlink(join(cache, 'guests'), join(small, 'guests'))
      await expect(startServer({ runtime: 'host', cache: small })).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringMatching(/Snapshot "provisioned" of guest wine needs 1\.5 GiB in .* are free there/),
      })
    } finally {
      await run('umount', [small])
      await rm(small, { recursive: true })
    }
  })
})
