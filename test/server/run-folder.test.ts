import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryDrive, openRunFolder } from '../../src/server/run-folder.ts'

let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun cache '))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

test('every machine has a place of its own, with a path short enough for a unix socket', async () => {
  const run = await openRunFolder(cache)
  const [first, second] = [run.place(), run.place()]
  expect(first.folder).not.toBe(second.folder)
  expect(join(second.socketFolder, 'm1000000.qmp').length).toBeLessThan(100)
  expect((await stat(first.socketFolder)).mode & 0o777).toBe(0o700)
  await run.remove()
  await run.remove()
  expect(await readdir(join(cache, 'runs'))).toEqual([])
  await expect(stat(first.socketFolder)).rejects.toThrow('ENOENT')
})

test('the folder of a killed server is removed by the next, that of a living one is not', async () => {
  const living = await openRunFolder(cache)
  await mkdir(living.place().folder)
  await mkdir(join(cache, 'runs', '001122334455', 'm1'), { recursive: true })
  const sockets = await mkdtemp(join(tmpdir(), 'osrun-'))
  await symlink(sockets, join(cache, 'runs', '001122334455', 'sockets'))
  const next = await openRunFolder(cache)
  const runs = (await readdir(join(cache, 'runs'))).filter((name) => !name.endsWith('.lock'))
  expect(runs).toHaveLength(2)
  expect(runs).not.toContain('001122334455')
  await expect(stat(sockets)).rejects.toThrow('ENOENT')
  expect((await stat(living.place().socketFolder)).isDirectory()).toBe(true)
  await living.remove()
  await next.remove()
})

test('a link that leads elsewhere is not followed when a dead run is removed', async () => {
  const precious = await mkdtemp(join(tmpdir(), 'precious '))
  await mkdir(join(cache, 'runs', '001122334455'), { recursive: true })
  await symlink(precious, join(cache, 'runs', '001122334455', 'sockets'))
  const run = await openRunFolder(cache)
  expect((await stat(precious)).isDirectory()).toBe(true)
  await run.remove()
  await rm(precious, { recursive: true })
})

test('machines that write to memory have their places there, and leave nothing of them', async () => {
  const run = await openRunFolder(cache, memoryDrive)
  const { folder } = run.place()
  expect(dirname(dirname(folder))).toBe(memoryDrive)
  await mkdir(folder)
  await run.remove()
  await expect(stat(dirname(folder))).rejects.toThrow('ENOENT')
  expect(await readdir(join(cache, 'runs'))).toEqual([])
})

test('what a killed server left in memory is removed by the next', async () => {
  const left = await mkdtemp(join(memoryDrive, 'osrun-drive-'))
  await mkdir(join(cache, 'runs', '001122334455'), { recursive: true })
  await symlink(left, join(cache, 'runs', '001122334455', 'drive'))
  const run = await openRunFolder(cache)
  await expect(stat(left)).rejects.toThrow('ENOENT')
  await run.remove()
})

test('a folder that is not in memory is refused for it, and one that is not there', async () => {
  await expect(openRunFolder(cache, cache)).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringMatching(/to be a file system in memory .* got a file system of type 0x/),
  })
  await expect(openRunFolder(cache, join(cache, 'none'))).rejects.toThrow('got no such folder')
})
