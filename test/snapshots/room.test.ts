import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { asDiskFull } from '../../src/machines/disk-full.ts'
import { checkRoom, formatBytes } from '../../src/snapshots/room.ts'

test('a disk with too little room is said before the work, with what is needed and what is free', async () => {
  await expect(checkRoom(tmpdir(), 2 ** 60, 'Snapshot "git"')).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(
      /^Snapshot "git" needs 1048576\.0 TiB in .+, and [\d.]+ \w+ are free there\. Free some room/,
    ),
  })
})

test('a disk with room enough is not complained about', async () => {
  await expect(checkRoom(tmpdir(), 1, 'Anything')).resolves.toBeUndefined()
})

test.each([
  [Object.assign(new Error('write'), { code: 'ENOSPC' }), 'DISK_FULL'],
  [new Error('qemu-img: No space left on device'), 'DISK_FULL'],
  [Object.assign(new Error('open'), { code: 'EACCES' }), 'EACCES'],
])('%s is reported as %s', (error, code) => {
  expect(asDiskFull(error, '/cache')).toMatchObject({ code })
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [2 ** 30, '1.0 GiB'],
])('%i bytes read as %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected)
})
