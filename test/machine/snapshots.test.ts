import { chmod, mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startServer } from '../../src/client/index.ts'
import { probeAccelerator } from '../../src/machines/probe/accelerator.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { type GuestHome, openGuestHome } from '../../src/server/guest-home.ts'
import { findPrograms } from '../../src/server/programs.ts'
import { openRunFolder, type RunFolder } from '../../src/server/run-folder.ts'
import { restore } from '../../src/snapshots/restore.ts'

// The command on real snapshots, and damaged ones given to a real QEMU.
const name = 'test-snapshots'
const cache = defaultCache(process.env)
let folder: string
let home: GuestHome
let run: RunFolder
let programs: Awaited<ReturnType<typeof findPrograms>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun snapshots '))
  await using server = await startServer({ runtime: 'host', cache })
  await using win = await server.acquire()
  await win.writeFile('C:\\mark.txt', 'taken along')
  await win.snapshot(name, { replace: true })
  programs = await findPrograms()
  const { accelerator } = await probeAccelerator({ qemu: programs.qemu, requested: 'auto', cacheFolder: cache })
  const equipment = { accelerator, qemuVersion: programs.version }
  home = await openGuestHome('wine', equipment, { cache, onProgress: () => {} })
  run = await openRunFolder(cache)
})

afterEach(async () => {
  await home.store.remove(`${name}-taken`).catch(() => {})
})

afterAll(async () => {
  await home?.store.remove(name).catch(() => {})
  await run?.remove()
  await rm(folder, { recursive: true, force: true })
})

function osrun(...words: string[]) {
  return execa(process.execPath, ['src/cli/main.ts', 'snapshots', ...words, '--cache', cache], {
    reject: false,
    stdin: 'ignore',
  })
}

async function exported(): Promise<string> {
  const file = join(folder, 'taken.tar.zst')
  const made = await osrun('export', name, file, '--key', home.key, '--replace')
  expect(made.exitCode, made.stderr).toBe(0)
  return file
}

/** A second snapshot with the files of the first, for a test to spoil. */
async function taken(): Promise<string> {
  const made = await osrun('import', await exported(), '--name', `${name}-taken`)
  expect(made.exitCode, made.stderr).toBe(0)
  return (await home.store.get(`${name}-taken`)).folder
}

function restored(shape = home.shape) {
  return restore({
    ...{ programs, store: home.store, snapshot: `${name}-taken`, shape, base: home.files.disk },
    ...{ network: 'isolated', greeting: { secret: 'abcdef', setClock: false }, setClock: false, agentDeadline: 60_000 },
    place: () => run.place(),
  })
}

test('a snapshot that was exported, removed and imported is whole, fits, and machines start from it', async () => {
  const file = await exported()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await osrun('remove', name, '--key', home.key)).stdout).toBe(`Removed wine/${name}`)
  expect((await osrun('import', file)).stderr).toBe(`Imported wine/${name}`)
  const verified = await osrun('verify', name, '--key', home.key, '--json')
  expect(JSON.parse(verified.stdout)).toEqual([
    { guest: 'wine', key: home.key, name, damage: [], unchecked: [], fits: true, reasons: [] },
  ])
  expect(verified.exitCode).toBe(0)
  await using server = await startServer({ runtime: 'host', cache })
  await using win = await server.acquire({ snapshot: name })
  expect(await win.readFile('C:\\mark.txt', 'utf8')).toBe('taken along')
  await win.writeFile('C:\\mark.txt', 'changed')
})

test('a snapshot of another QEMU is refused, and it is said which and what is here', async () => {
  const elsewhere = join(folder, 'qemu elsewhere')
  await execa('mkdir', [elsewhere])
  await writeFile(join(elsewhere, 'qemu-system-x86_64'), '#!/bin/sh\necho QEMU emulator version 10.9.9\n', {
    mode: 0o755,
  })
  const words = ['src/cli/main.ts', 'snapshots', 'import', await exported(), '--cache', cache, '--accel', 'tcg']
  const refused = await execa(process.execPath, [...words, '--replace'], {
    ...{ reject: false, stdin: 'ignore', env: { PATH: `${elsewhere}:${process.env['PATH']}` } },
  })
  expect(refused.exitCode).toBe(125)
  expect(refused.stderr).toContain('osrun: SNAPSHOT_UNUSABLE: ')
  expect(refused.stderr).toContain(`it was made with QEMU ${programs.version}, and here is 10.9.9`)
})

test('a RAM file that was cut is found before QEMU starts', async () => {
  const ram = join(await taken(), 'ram')
  await chmod(ram, 0o644)
  await truncate(ram, 4096)
  await expect(restored()).rejects.toMatchObject({
    code: 'SNAPSHOT_DAMAGED',
    message: expect.stringContaining('ram has 4096 bytes in place of'),
  })
  expect((await osrun('verify', `${name}-taken`)).exitCode).toBe(1)
})

test.each([
  ['nonsense', 0, 'not a device state'],
  ['an end in the middle', 2 ** 16, ''],
])('a device state with %s is refused in words of QEMU', async (_, position, text) => {
  const path = join(await taken(), 'state')
  await chmod(path, 0o644)
  const { size } = await stat(path)
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(size - position), 0, size - position, position)
  await file.write(text, position)
  await file.close()
  await expect(restored()).rejects.toMatchObject({ code: 'RESTORE_FAILED', message: expect.stringContaining('QEMU') })
})

test('a device state of another machine type is refused in words of QEMU', async () => {
  await taken()
  await expect(restored({ ...home.shape, machineType: 'pc-q35-9.2' })).rejects.toMatchObject({
    code: 'RESTORE_FAILED',
    message: expect.stringMatching(/Machine type received is 'pc-q35-10.0' and local is 'pc-q35-9.2'/),
  })
})
