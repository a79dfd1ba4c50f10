import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { saveWhole } from '../../src/machines/device-state.ts'
import { findFirmware } from '../../src/machines/firmware.ts'
import { Machine, type MachineOrigin, type Programs } from '../../src/machines/machine.ts'
import { findPrograms } from '../../src/server/programs.ts'
import { openRunFolder, type RunFolder } from '../../src/server/run-folder.ts'
import { fileNames, finishTemplate } from '../../src/snapshots/finish-template.ts'
import { cloneOrigin } from '../../src/snapshots/restore.ts'
import { splitWhole } from '../../src/snapshots/split-whole.ts'
import { Store, type Template } from '../../src/snapshots/store.ts'
import { installStandIn, type StandInInstall, standInShape } from '../windows/stand-in/install.ts'
import { buildStandIn, missingForStandIn, type StandIn } from '../windows/stand-in/system.ts'
import { processes, qemus } from './host-processes.ts'

const missing = await missingForStandIn()

let standIn: StandIn
let programs: Programs
let folder: string
let run: RunFolder

beforeAll(async () => {
  if (missing === undefined) {
    programs = await findPrograms()
    standIn = await buildStandIn()
  }
})
afterAll(() => standIn?.[Symbol.asyncDispose]())

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun install '))
  run = await openRunFolder(folder)
  onTestFinished(async () => {
    await run.remove()
    await rm(folder, { recursive: true, force: true })
  })
})

async function install(plan: string | undefined, more: Partial<StandInInstall> = {}) {
  const media = more.media ?? [await standIn.boot(plan), standIn.install]
  return installStandIn({ folder, programs, place: () => run.place(), media, ...more })
}

// Up to three boots of 10 seconds each, on a quiet host.
describe.skipIf(missing !== undefined)(`a system that installs itself${missing ?? ''}`, { timeout: 900_000 }, () => {
  test('is booted once for each stage, whether it powers off or restarts, and leaves one disk', async () => {
    const media = [await standIn.boot('specialize restart\n'), standIn.install]
    const { disk, heard, reports } = await install(undefined, { media })
    expect(heard).toEqual(['blank', 'pe', 'specialize', 'logon', 'disk'])
    expect(reports).toEqual([
      ...['pe apply begin', ...Array(4).fill('pe apply percent'), 'pe apply done', 'pe finish begin'],
      ...['pe finish done', 'specialize settings begin', 'specialize settings done', 'specialize finish begin'],
      ...['specialize finish done', 'logon autostart begin', 'logon defender skipped', 'logon autostart done'],
      ...['logon finish begin', 'logon finish done'],
    ])
    const { stdout } = await execa(programs.qemuImg, ['info', '--output=json', disk ?? ''])
    expect(JSON.parse(stdout)).toMatchObject({ 'virtual-size': 4 * 2 ** 30, format: 'qcow2' })
    expect(JSON.parse(stdout)).not.toHaveProperty('backing-filename')
    expect(await qemus(folder)).toEqual([])
    // While its media are the same it is not installed again.
    const second = await install(undefined, { media })
    expect(second.heard).toEqual(['blank again', 'pe again', 'specialize again', 'logon again', 'disk again'])
    expect(second).toMatchObject({ disk, reports: [] })
  })

  const silent = { silence: 30_000, boot: 400_000 }
  test.each([
    ['reports a failure', 'pe fail', 'pe', 'apply', /the guest reported a failure \(the disk does not want to\) after/],
    ['never says a word', 'pe silent', 'pe', undefined, /said nothing and its screen did not change for 30 s after/],
    ['powers off before it is done', 'specialize lie', 'specialize', 'settings', /the guest powered off after/],
    ['goes on for ever', 'specialize babble', 'specialize', undefined, /the limit of 40 s for one boot passed/],
    ['hangs', 'logon hang', 'logon', 'autostart', /said nothing and its screen did not change for 30 s after/],
  ] as const)('that %s is an error with its step, its words and its screen', async (_, plan, stage, step, how) => {
    const limits = { [stage]: plan.endsWith('babble') ? { silence: 30_000, boot: 40_000 } : silent }
    const { error, heard } = await install(`${plan}\n`, { limits })
    const at = step === undefined ? 'before its first step' : `at its step "${step}"`
    expect(error).toMatchObject({ code: 'INSTALL_FAILED', message: expect.stringMatching(how) })
    expect(error?.message).toContain(`The installation stopped in its stage "${stage}", ${at}: `)
    expect(error?.message).toContain(`${join(folder, 'failed')}. The same command goes on from`)
    if (step !== undefined) {
      expect(error?.message).toContain(`osrun: ${stage} ${step} begin`)
      expect(await readFile(join(folder, 'failed', 'serial.log'), 'latin1')).toContain(`${stage} ${step} begin`)
    }
    expect((await readFile(join(folder, 'failed', 'screen.png'))).subarray(1, 4).toString()).toBe('PNG')
    expect(await qemus(folder)).toEqual([])
    // What was finished before is there for the next try, and nothing of what failed.
    expect(heard.at(-1)).toBe(stage)
    const kept = (await readdir(join(folder, 'steps'))).map((name) => name.replace(/-[0-9a-f]+$/, '')).sort()
    expect(kept).toEqual(heard.slice(0, -1).sort())
  })

  test('goes on where it was canceled, and where its installer was killed, and ends where virtio is not enough for it', async () => {
    const media = [await standIn.boot('virtio crash\n'), standIn.install]
    const cancel = new AbortController()
    const onStep = (step: string) => step === 'specialize' && setTimeout(() => cancel.abort(), 3000)
    const canceled = await install(undefined, { media, virtio: true, signal: cancel.signal, onStep })
    expect(canceled.error).toMatchObject({ code: 'CANCELED', message: expect.stringContaining('"specialize"') })
    expect(await qemus(folder)).toEqual([])

    const script = new URL('../windows/stand-in/install-child.ts', import.meta.url).pathname
    const child = execa(process.execPath, [script, folder, ...media], { reject: false })
    const said: string[] = []
    for await (const line of child) {
      said.push(line)
      if (line === 'does logon') {
        await expect.poll(() => qemus(folder), { timeout: 60_000 }).toHaveLength(1)
        child.kill('SIGKILL')
      }
    }
    await child
    expect(said).toEqual(['has blank', 'has pe', 'does specialize', 'does logon'])
    const left = () => processes((words) => words.join().includes(folder) && words.join().includes('qemu-system'))
    await expect.poll(left, { timeout: 10_000 }).toEqual([])

    // It has seen such devices, and crashes on them all the same: the guest restarts, which ends its QEMU.
    const { disk, error, heard } = await install(undefined, { media, virtio: true })
    expect(heard).toEqual(['blank again', 'pe again', 'specialize again', 'logon', 'virtio'])
    expect(disk).toBeUndefined()
    expect(error).toMatchObject({ code: 'INSTALL_FAILED' })
    expect(error?.message).toMatch(
      /^The installation stopped in its stage "virtio": the guest restarted or powered off after/,
    )
    expect(error?.message).toContain('stop code: inaccessible boot device')
    expect(error?.message).toMatch(/The same command tries it again; without `--virtio-drivers` .* installs the guest/)
    expect(await readFile(join(folder, 'failed', 'serial.log'), 'latin1')).toContain('inaccessible boot device')
    expect(await qemus(folder)).toEqual([])
    expect((await readFile(join(folder, 'failed', 'screen.png'))).subarray(1, 4).toString()).toBe('PNG')
  })

  test('by UEFI goes onto a disk of GPT, and what firmware and TPM hold is each boot, each snapshot and each machine own', async () => {
    const {
      disk = '',
      error,
      reports,
    } = await install(undefined, {
      media: await standIn.uefi('run count\n'),
      firmware: findFirmware(),
      tpm: true,
    })
    expect(error).toBeUndefined()
    expect(reports.filter((report) => report.includes('firmware done'))).toHaveLength(3)
    const files = { code: join(dirname(disk), 'firmware.fd'), variables: join(dirname(disk), 'variables.fd') }
    const state = join(dirname(disk), 'tpm.state')
    const shape = { ...standInShape, firmware: files, tpm: { state } }
    const [variables, held] = [await readFile(files.variables), await readFile(state)]

    const template = await snapshotOf(
      { shape, network: 'isolated', memory: { use: 'fresh' }, layers: [], base: disk },
      7,
    )
    // Two at the same time: neither sees what the other writes.
    const origin = cloneOrigin({ shape, network: 'isolated', base: disk }, template)
    const clones = await Promise.all([1, 2].map(() => Machine.start(programs, run.place(), origin)))
    try {
      await clones[0]?.resume()
      const [first] = await counted(clones[0], 12)
      expect(first?.[0]).toBeGreaterThan(7)
      expect(await remembered(clones[0])).toEqual(expect.arrayContaining(['count10', 'count5', 'run', 'pe']))
      // Until it runs it has what the guest's machines start from; then what the snapshot's remembered.
      expect(await remembered(clones[1])).toEqual(['logon', 'pe', 'specialize'])
      await clones[1]?.resume()
      await counted(clones[1], 8)
      expect(await remembered(clones[1])).toContain('count5')
    } finally {
      await Promise.all(clones.map((clone) => clone.release()))
    }
    expect(await readFile(files.variables)).toEqual(variables)
    expect(await readFile(state)).toEqual(held)
    expect(await processes((words) => words.join().includes(folder) && words.join().includes('swtpm'))).toEqual([])
  })
})

/** A machine that has counted so far, as a template. */
async function snapshotOf(origin: MachineOrigin, far: number): Promise<Template> {
  const machine = await Machine.start(programs, run.place(), origin)
  try {
    await machine.resume()
    await counted(machine, far)
    await machine.pause()
    const draft = await new Store(join(folder, 'store')).draft()
    await saveWhole(machine.qemu.qmp, join(draft.folder, fileNames.ram))
    await machine.qemu.kill()
    const layers = [machine.overlay]
    const offset = await splitWhole({ programs, place: run.place(), machine, layers, folder: draft.folder })
    const identity = { guest: 'win11', name: 'counting', key: '0123456789abcdef' }
    return await finishTemplate(programs, draft, machine, layers, identity, false, offset)
  } finally {
    await machine.release()
  }
}

/**
 * What the system has counted since the machine was started, when it is so far: the numbers and its variables. Its TPM
 * was started by four boots, and its register extended with the count, in snapshots and clones as well.
 */
async function counted(machine: Machine | undefined, far: number): Promise<[number, number, string][]> {
  let found: [number, number, string][] = []
  const look = async () => {
    const text = await readFile(join(machine?.place.folder ?? '', 'serial.log'), 'latin1')
    const lines = text.matchAll(/^count (\d+), variables (\d+), (\w+ \w+)\r?\n/gm)
    found = [...lines].map(([, one, two, chip = '']) => [Number(one), Number(two), chip])
    return found.at(-1)?.[0] ?? 0
  }
  await expect.poll(look, { timeout: 240_000, interval: 100 }).toBeGreaterThanOrEqual(far)
  for (const [count, variables, chip] of found) {
    expect(variables).toBe(4 + Math.floor(count / 5))
    expect(chip).toBe(`00000004 ${extended(Math.floor(count / 5))}`)
  }
  return found
}

/** The beginning of a TPM's register that was extended with zeros so often. */
function extended(times: number): string {
  let register = Buffer.alloc(32)
  for (let index = 0; index < times; index += 1) {
    register = createHash('sha256').update(register).update(Buffer.alloc(32)).digest()
  }
  return register.toString('hex').slice(0, 16).toUpperCase()
}

/** The names that stand in a machine's own variables. */
async function remembered(machine: Machine | undefined): Promise<string[]> {
  const text = (await readFile(join(machine?.place.folder ?? '', 'variables.fd'))).toString('utf16le')
  return [...new Set([...text.matchAll(/Osrun-([a-z]+\d*)/g)].map(([, name = '']) => name))].sort()
}
