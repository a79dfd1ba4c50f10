import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findGuest } from '../../src/guests/guest.ts'
import { parseProgress, prepareGuest } from '../../src/guests/prepare.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun guests '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const quiet = { onProgress: () => {} }

test('a ready-made guest is taken as it is', async () => {
  await mkdir(join(folder, 'wine'))
  await writeFile(join(folder, 'wine', 'guest.json'), '{"id":"0123456789abcdef"}')
  const files = await prepareGuest('wine', { cache: folder, guestFiles: folder, ...quiet })
  expect(files).toEqual({
    disk: join(folder, 'wine', 'disk.qcow2'),
    kernel: join(folder, 'wine', 'vmlinuz'),
    initrd: join(folder, 'wine', 'initrd.img'),
    id: '0123456789abcdef',
    built: false,
  })
})

test('a folder that holds no ready-made guest is named', async () => {
  await expect(prepareGuest('wine', { cache: folder, guestFiles: folder, ...quiet })).rejects.toMatchObject({
    code: 'UNKNOWN_GUEST',
    message: expect.stringContaining(join(folder, 'wine')),
  })
})

test('a guest that is not defined is answered with those that are', () => {
  expect(() => findGuest('win95')).toThrow(
    'There is no guest "win95". Guests: wine, win11, win10, server2022, server2025.',
  )
})

test.each([
  ['osrun-progress 40 installing packages', { phase: 'guest wine: installing packages', percent: 40 }],
  ['osrun-progress - making the disk', { phase: 'guest wine: making the disk' }],
  ['I: running apt-get update...', undefined],
  ['osrun-progress x nonsense', undefined],
])('the recipe line "%s" is understood', (line, expected) => {
  expect(parseProgress('wine', line)).toEqual(expected)
})
