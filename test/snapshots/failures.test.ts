import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { storeFolder } from '../../src/snapshots/cache.ts'
import { failureName } from '../../src/snapshots/failure-name.ts'
import { listFailures, makeRoom, removeOldest } from '../../src/snapshots/failures.ts'
import type { Manifest } from '../../src/snapshots/manifest.ts'
import { Store } from '../../src/snapshots/store.ts'

const mebibyte = 2 ** 20
const key = '0123456789abcdef'
const bounds = { states: 3, bytes: 10 * mebibyte, free: 0 }
let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun failures '))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

/** A snapshot of a little more than 1 MiB, of that second of one day. */
async function publish(name: string, second: number, guest = 'wine'): Promise<void> {
  const draft = await new Store(storeFolder(cache, guest, key)).draft()
  await writeFile(join(draft.folder, 'ram'), new Uint8Array(mebibyte))
  await writeFile(join(draft.folder, 'state'), 'state')
  const ram = { name: 'ram', size: mebibyte }
  const state = { name: 'state', size: 5 }
  const manifest: Manifest = {
    ...{ format: 1, guest, name, key, id: key, memoryMiB: 1 },
    createdAt: `2026-01-02T03:04:0${second}.000Z`,
    ...(name.startsWith('failure-') && {
      failure: { file: 'a.test.ts', test: `fails ${second}`, network: 'isolated' },
    }),
    ...{ ram, state, overlay: state, layers: [] },
  }
  await draft.publish(manifest, false)
}

async function ids(): Promise<string[]> {
  return (await listFailures(cache)).map(({ id }) => id)
}

const [first, second, third, fourth] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'] as const

test('the states of all guests are listed, the newest first, and no other snapshot', async () => {
  await publish('provisioned', 1)
  await publish(failureName(second), 2, 'win11')
  await publish(failureName(first), 3)
  const found = await listFailures(cache)
  expect(found.map(({ id, note, from }) => [id, note.test, from.guest])).toEqual([
    [first, 'fails 3', 'wine'],
    [second, 'fails 2', 'win11'],
  ])
})

test('a state is asked for among states, and a snapshot among snapshots', async () => {
  await publish(failureName(first), 1)
  await publish('office', 2)
  const store = new Store(storeFolder(cache, 'wine', key))
  await expect(store.get(failureName(second))).rejects.toMatchObject({
    code: 'SNAPSHOT_NOT_FOUND',
    message: expect.stringMatching(/^There is no state "bbbbbbbb" of a failed test\. States: aaaaaaaa\. Older ones go/),
  })
  await expect(store.get('word')).rejects.toMatchObject({
    message: expect.stringMatching(/^There is no snapshot "word"\. Snapshots: office\. Take one/),
  })
})

test('the oldest states make room for one more, in number', async () => {
  for (const [index, id] of [first, second, third].entries()) {
    await publish(failureName(id), index)
  }
  await publish('provisioned', 0)
  expect(await makeRoom(cache, mebibyte, bounds)).toEqual([first])
  expect(await ids()).toEqual([third, second])
  expect(await new Store(storeFolder(cache, 'wine', key)).names()).toContain('provisioned')
})

test('and in size: with the most that one more may take, they are within the budget', async () => {
  for (const [index, id] of [first, second, third].entries()) {
    await publish(failureName(id), index)
  }
  expect(await makeRoom(cache, 8 * mebibyte, bounds)).toEqual([second, first])
  expect(await ids()).toEqual([third])
})

test('one that was larger than all of them may be goes itself', async () => {
  await publish(failureName(fourth), 1)
  expect(await removeOldest(cache, { states: 3, bytes: mebibyte / 2 })).toEqual([fourth])
  expect(await ids()).toEqual([])
})

test('a machine that may take more than the budget makes no room, and removes nothing', async () => {
  await publish(failureName(first), 1)
  await expect(makeRoom(cache, 11 * mebibyte, bounds)).rejects.toThrow(
    'The state of a machine with 11.0 MiB of memory does not fit the 10.0 MiB that the states of failed tests may take.',
  )
  expect(await ids()).toEqual([first])
})

test('a disk that others need is not filled', async () => {
  const most = { ...bounds, free: Number.MAX_SAFE_INTEGER }
  await expect(makeRoom(cache, mebibyte, most)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(
      /^It may need 1\.0 MiB in .*, and .* are free there, of which .* are left to others\.$/,
    ),
  })
})
