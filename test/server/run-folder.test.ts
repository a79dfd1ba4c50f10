import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRunFolder } from '../../src/server/run-folder.ts'

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
