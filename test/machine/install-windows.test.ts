import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer } from '../../src/client/index.ts'
import { MachineRoom } from '../../src/client/machine-room.ts'
import { findGuest, type Guest, type GuestFiles } from '../../src/guests/guest.ts'
import { installedGuest } from '../../src/guests/prepare.ts'
import { runCommand } from '../../src/machines/run-command.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { keyPartsOf, shapeOf } from '../../src/server/host-key.ts'
import { findPrograms } from '../../src/server/programs.ts'
import { openRunFolder, type RunFolder } from '../../src/server/run-folder.ts'
import { serve } from '../../src/server/serve.ts'
import { snapshotKey } from '../../src/snapshots/key.ts'
import { provision } from '../../src/snapshots/provision.ts'
import { restore } from '../../src/snapshots/restore.ts'
import { Store } from '../../src/snapshots/store.ts'
import type { MediaStages } from '../../src/windows/install-windows.ts'
import { findInstalled } from '../../src/windows/installed.ts'
import { type InstallingWindows, prepareWindows } from '../../src/windows/prepare-windows.ts'
import { virtioWinIso } from '../windows/media/made-virtio-win.ts'
import { buildStandIn, missingForStandIn, type StandIn } from '../windows/stand-in/system.ts'
import { wineRoot } from '../windows/stand-in/wine-root.ts'

const missing = await missingForStandIn()

let folder: string
let standIn: StandIn
let run: RunFolder
let asked: string[]
let phases: string[]

// The medium is a file that stands for one, and what is built of it are the media of the stand-in: the wine guest's own
// system at the end, with our agent in it.
beforeAll(async () => {
  if (missing !== undefined) {
    return
  }
  const cache = defaultCache(process.env)
  // Builds the guest where that was not done yet.
  await (await startServer({ runtime: 'host', cache }))[Symbol.asyncDispose]()
  const wine = await installedGuest('wine', { cache })
  folder = await mkdtemp(join(tmpdir(), 'osrun windows '))
  standIn = await buildStandIn(await wineRoot(wine?.disk ?? '', folder))
  await rm(join(folder, 'root.ext4'))
  await writeFile(join(folder, 'medium.iso'), 'a medium')
  run = await openRunFolder(folder)
})

afterAll(async () => {
  await run?.remove()
  await standIn?.[Symbol.asyncDispose]()
  if (folder !== undefined) {
    await rm(folder, { recursive: true, force: true })
  }
})

beforeEach(() => {
  asked = []
  phases = []
})

const stages: MediaStages = {
  room: 5 * 2 ** 30,
  acquireKey: (choice, media) => [choice.edition, media.iso ?? 'ours'],
  async acquire() {
    asked.push('acquire')
    const provenance = { source: 'own', from: 'medium.iso', sha256: 'ab'.repeat(32), bytes: 8 } as const
    return { kind: 'iso', file: join(folder, 'medium.iso'), provenance }
  },
  buildKey: async () => 'scripts',
  async build({ folder: output, choice, medium }) {
    asked.push(`build from ${medium.kind}`)
    await rm(join(output, 'boot.iso'), { force: true })
    const boot = join(output, 'boot.iso')
    await writeFile(boot, await readFile(await standIn.boot()))
    const image = { ...choice, index: 1, name: `Windows 11 ${choice.edition}`, build: '26100.1742' }
    return { boot, install: standIn.install, image }
  },
}

async function install(media: InstallingWindows['media'] = {}, more: Partial<InstallingWindows> = {}) {
  const { version: _, ...programs } = await findPrograms()
  const installing: InstallingWindows = {
    ...{ media, slow: true, keep: false, accelerator: 'tcg', cpuModel: 'Skylake-Client-v4', programs, stages },
    place: () => run.place(),
    ...more,
  }
  return prepareWindows('win11', folder, installing, ({ phase }) => phases.push(phase))
}

const parent = () => join(folder, 'guests', 'win11')

describe.skipIf(missing !== undefined)(`installing a guest${missing ?? ''}`, { timeout: 1_200_000 }, () => {
  test('without hardware acceleration is refused unless it may be slow, and before anything is fetched', async () => {
    await expect(install({}, { slow: false })).rejects.toMatchObject({
      code: 'ACCELERATOR_UNUSABLE',
      message: expect.stringContaining('`osrun install win11 --slow`'),
    })
    expect(asked).toEqual([])
  })

  test('that is not there is asked for by name where nothing says how', async () => {
    await expect(prepareWindows('win11', folder, undefined, () => {})).rejects.toMatchObject({
      code: 'GUEST_NOT_INSTALLED',
      message: expect.stringContaining('`osrun install win11`'),
    })
  })

  test('leaves its disk, its note and what each step made, and its machines answer, restored from a snapshot', async () => {
    const files = await install({}, { keep: true })
    expect(files).toMatchObject({ built: true, id: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(asked).toEqual(['acquire', 'build from iso'])
    expect(phases).toEqual([
      'guest win11: getting the medium',
      'guest win11: building what the machine starts from',
      'guest win11: making an empty disk',
      'guest win11: starting from the medium',
      ...Array(5).fill('guest win11: applying the image'),
      'guest win11: ending WinPE',
      'guest win11: first start from the disk',
      'guest win11: specialize: settings',
      'guest win11: ending the first start',
      'guest win11: first logon',
      'guest win11: logon: autostart',
      'guest win11: removing Defender skipped (not in this edition)',
      'guest win11: powering off',
      'guest win11: compressing the disk',
    ])
    expect((await findInstalled(parent()))?.note).toEqual({
      ...{ edition: 'Professional', language: 'en-us', architecture: 'x64', profile: 'slim', build: '26100.1742' },
      ...{ firmware: 'bios', tpm: 'none', devices: 'inbox' },
      provenance: { source: 'own', from: 'medium.iso', sha256: 'ab'.repeat(32) },
      wishes: expect.objectContaining({ user: 'Administrator', computer: 'WIN11', timeZone: 'UTC' }),
    })
    const made = (await readdir(join(parent(), 'install'))).map((name) => name.split('-')[0])
    expect(made.sort()).toEqual(['blank', 'disk', 'logon', 'media', 'medium', 'pe', 'specialize'])
    expect(await devicesOfMachine(files, { restarted: true })).toEqual(['e1000e', 'ide-hd'])
  })

  test('with drivers of virtio is published as one that runs on it when its agent has answered there', async () => {
    const before = await findInstalled(parent())
    const iso = await virtioWinIso(folder)
    const wrong = { virtioDrivers: join(folder, 'medium.iso') }
    await expect(install(wrong)).rejects.toThrow('Expected `media.virtioDrivers`')
    expect(asked).toEqual([])

    const files = await install({ virtioDrivers: iso })
    // From the media it is booted with the devices that it had before, and what that left is there still.
    expect(phases.filter((phase) => !/: (applying|logon|specialize|removing)|ing WinPE|powering/.test(phase))).toEqual([
      'guest win11: getting the medium (done before)',
      'guest win11: building what the machine starts from (done before)',
      'guest win11: making an empty disk (done before)',
      'guest win11: starting from the medium (done before)',
      'guest win11: first start from the disk',
      'guest win11: ending the first start',
      'guest win11: first logon',
      'guest win11: starting it on virtio devices',
      'guest win11: compressing the disk',
    ])
    expect((await findInstalled(parent()))?.note).toMatchObject({ devices: 'virtio', profile: 'slim' })
    expect(files.id).not.toBe(before?.files.id)
    expect(await readdir(join(parent(), 'install'))).toEqual([])
    expect(await devicesOfMachine(files)).toEqual(['virtio-blk-pci', 'virtio-net-pci'])
    expect(await install({ virtioDrivers: iso })).toEqual({ ...files, built: false })
  })

  /** Makes the guest's snapshot, restores it, asks its agent for something, restarts it, and tells of its disk and card. */
  async function devicesOfMachine(files: GuestFiles, { restarted = false } = {}): Promise<string[]> {
    // The guest's own definition, but for the size of a Windows and what its shells are.
    const guest: Guest = { ...findGuest('win11'), memoryMiB: 1024, cpus: 1, warmUp: ['cmd /d /s /c "exit 0"'] }
    const { version: qemuVersion, ...programs } = await findPrograms()
    const equipment = { accelerator: 'tcg', qemuVersion } as const
    const shape = shapeOf(guest, files, equipment)
    const key = snapshotKey(await keyPartsOf(shape, files, equipment))
    const store = new Store(join(folder, 'store', 'win11', key))
    const place = () => run.place()
    const secret = '5ec2e7'
    await provision({ programs, place, guest, files, shape, key, store, secret, onProgress: () => {} })
    const { machine } = await restore({
      ...{ programs, place, store, snapshot: 'provisioned', shape, network: 'isolated', base: files.disk },
      ...{ greeting: { secret, setClock: true }, setClock: false, agentDeadline: 60_000 },
    })
    try {
      expect(await runCommand(machine.link, 'cmd /d /s /c "exit 7"', 120_000)).toBe(7)
      if (restarted) {
        // Wine's own `shutdown` ends nothing below it: this one is reset, and starts from its disk.
        await machine.allowRestarts()
        await machine.restart({ agentWithin: 2000 }, new AbortController().signal)
        await machine.connectAgent({ secret, setClock: true }, 600_000)
        expect(await runCommand(machine.link, 'cmd /d /s /c "exit 8"', 120_000)).toBe(8)
      }
      const tree = await machine.qemu.qmp.execute('human-monitor-command', { 'command-line': 'info qtree' })
      const devices = String(tree).matchAll(/dev: (ide-hd|e1000e|virtio-(?:blk|net)-pci),/g)
      return [...devices].map(([, driver = '']) => driver).sort()
    } finally {
      await machine.release()
    }
  }

  test('is seen in the viewer while it runs, and not when whoever wanted it is gone', async () => {
    const token = 'install-token'
    const served = await serve({
      ...{ host: '127.0.0.1', port: 0, token, cache: folder, accel: 'tcg', stages, version: 'test', log: () => {} },
    })
    const keeper = await MachineRoom.open({ url: served.url, token })
    const installer = await MachineRoom.open({ url: served.url, token })
    try {
      const installing = installer.install('win10', () => {}, { windows: { media: {}, slow: true } })
      const ended = installing.catch((error: Error) => error)
      const leases = async () => (await keeper.status()).leases
      await expect
        .poll(leases, { timeout: 120_000, interval: 200 })
        .toMatchObject([{ id: 'install-win10', guest: 'win10', state: 'installing', label: 'installing itself' }])
      const page = await fetch(`${served.url.replace('ws', 'http')}/machines/install-win10`)
      expect(page.headers.get('content-type')).toContain('text/html')
      const protocols = ['osrun.vnc', `osrun.token.${Buffer.from(token).toString('base64url')}`]
      const screen = new WebSocket(`${served.url}/v1/vnc/install-win10`, protocols)
      const [greeting] = await once(screen, 'message')
      expect(`${greeting}`).toMatch(/^RFB 003\.\d{3}\n/)
      screen.terminate()

      await installer.close()
      expect(await ended).toBeInstanceOf(Error)
      await expect.poll(leases, { timeout: 60_000, interval: 200 }).toEqual([])
    } finally {
      await installer.close()
      await keeper.close()
      await served.close()
    }
  })

  test('that is there is not installed again, but where something else is chosen', async () => {
    const before = await findInstalled(parent())
    const same = { edition: 'professional', language: 'en-US', user: 'Administrator', password: 'Passw0rd!' }
    expect(await install(same, { slow: false })).toEqual({ ...before?.files, built: false })
    expect(asked).toEqual([])
    await expect(install({ edition: 'Education' }, { slow: false })).rejects.toThrow('--slow')
    await expect(install({ user: 'tester' }, { slow: false })).rejects.toThrow('--slow')
    await expect(install({ computer: 'too-small' }, { slow: false })).rejects.toThrow('media.computer')
    expect(await findInstalled(parent())).toEqual(before)
  })
})
