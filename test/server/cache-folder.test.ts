import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCacheFolder } from '../../src/server/cache-folder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun cache '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a cache folder that is missing is made', async () => {
  const cache = join(folder, 'not', 'there')
  await openCacheFolder(cache)
  await openCacheFolder(cache)
  expect((await stat(cache)).isDirectory()).toBe(true)
})

test('one that cannot be made is said with the reason and what to do', async () => {
  await writeFile(join(folder, 'file'), '')
  for (const cache of [join(folder, 'file'), join(folder, 'file', 'below')]) {
    await expect(openCacheFolder(cache, 1234)).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
      message: expect.stringMatching(/user 1234 .*file.*: a file is in the way\. .*chown -R 1234.*OSRUN_CACHE/),
    })
  }
})
