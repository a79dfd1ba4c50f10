import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { listMedia, removeMedia } from '../../src/cli/media.ts'
import { lockGuest } from '../../src/guests/lock-guest.ts'

let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun media '))
  onTestFinished(() => rm(cache, { recursive: true, force: true }))
})

async function put(path: string, bytes: number, days = 0): Promise<void> {
  const file = join(cache, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, Buffer.alloc(bytes, 1))
  const time = Date.now() / 1000 - days * 86_400
  await utimes(file, time, time)
  await utimes(dirname(file), time, time)
}

async function fill(): Promise<void> {
  await put('downloads/catalogue-0123/windows.esd', 3 * 2 ** 20, 40)
  await put('downloads/acquired/note.json', 10)
  await put('guests/win11/install/media-abcd/boot.iso', 2 ** 20)
  await put('guests/win11/00112233445566aa/disk.qcow2', 2 ** 20)
  await put('guests/wine/0011/disk.qcow2', 2 ** 20)
}

async function say(command: (stdout: PassThrough) => Promise<number>): Promise<string> {
  const stdout = new PassThrough()
  expect(await command(stdout)).toBe(0)
  return text(stdout.end())
}

test('what installations left is listed with size and age, and no guest among it', async () => {
  await fill()
  const lines = (await say((stdout) => listMedia({ cache }, stdout))).trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(/^ +3\.0 MiB {2}40 days ago {3}downloads\/catalogue-0123 {2}windows\.esd$/)
  expect(lines[1]).toMatch(/^ +1\.0 MiB {2}today {9}win11\/install\/media-abcd {2}boot\.iso$/)
  expect(lines[2]).toBe('4.0 MiB in all')
})

test('in an empty cache there is nothing', async () => {
  expect(await say((stdout) => listMedia({ cache: join(cache, 'none') }, stdout))).toBe('Nothing is kept.\n')
})

test('what is named is removed, and what is not stays', async () => {
  await fill()
  const names = ['downloads/catalogue-0123']
  expect(await say((stdout) => removeMedia(names, { cache }, stdout))).toBe(
    'Removed downloads/catalogue-0123, 3.0 MiB\n',
  )
  expect(await readdir(join(cache, 'downloads'))).toEqual(['acquired'])
  expect(await readdir(join(cache, 'guests/win11/install'))).toEqual(['media-abcd'])
  await say((stdout) => removeMedia([], { cache, all: true }, stdout))
  expect(await readdir(join(cache, 'guests/win11/install'))).toEqual([])
  expect(await readdir(join(cache, 'guests/win11/00112233445566aa'))).toEqual(['disk.qcow2'])
  expect(await readdir(join(cache, 'guests/wine/0011'))).toEqual(['disk.qcow2'])
})

test.each([
  ['a name that there is not', ['downloads/none'], /media list.*"downloads\/none"/],
  ['a name that leads elsewhere', ['downloads/../guests/wine'], /media list/],
  ['no name', [], /names of media, or --all/],
])('%s is refused, and nothing is removed', async (_, names, message) => {
  await fill()
  await expect(removeMedia(names, { cache })).rejects.toThrow(message)
  expect(await readdir(join(cache, 'downloads'))).toEqual(['acquired', 'catalogue-0123'])
})

test('while an installation runs nothing is removed', async () => {
  await fill()
  const unlock = await lockGuest(cache, 'win11')
  await expect(removeMedia([], { cache, all: true })).rejects.toThrow(/win11 is being installed/)
  expect(await readdir(join(cache, 'guests/win11/install'))).toEqual(['media-abcd'])
  await unlock()
  await say((stdout) => removeMedia([], { cache, all: true }, stdout))
  expect(await readdir(join(cache, 'guests/win11/install'))).toEqual([])
})
