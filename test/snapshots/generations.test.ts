import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listTemplates, markUsed, removeOldGenerations } from '../../src/snapshots/generations.ts'
import type { Manifest } from '../../src/snapshots/manifest.ts'
import { Store } from '../../src/snapshots/store.ts'

let folder: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun generations '))
  store = new Store(join(folder, 'wine', '0123'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const hour = 3_600_000

async function publish(name: string, recipe?: string, unusedFor = 0): Promise<void> {
  const draft = await store.draft()
  const file = { name: 'ram', size: 6 }
  await writeFile(join(draft.folder, 'ram'), 'memory')
  const manifest: Manifest = {
    ...{ format: 1, guest: 'wine', name, key: '0123', id: '0123456789abcdef', memoryMiB: 1024 },
    createdAt: '2026-01-02T03:04:05.000Z',
    ...(recipe === undefined ? {} : { recipe: { name: recipe, key: '0123456789abcdef', uploads: [] } }),
    ...{ ram: file, state: file, overlay: file, layers: [] },
  }
  await draft.publish(manifest, false)
  const used = new Date(Date.now() - unusedFor)
  await utimes(join(store.folder, name), used, used)
}

async function names(): Promise<string[]> {
  return (await store.list()).map(({ name }) => name)
}

test('of a recipe’s snapshots the few that were used last stay, and older ones go', async () => {
  for (const [index, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
    await publish(name, 'git', (index + 2) * hour)
  }
  await publish('by-hand', undefined, 99 * hour)
  await publish('other', 'node', 99 * hour)
  expect((await removeOldGenerations(store, 'git')).sort()).toEqual(['e', 'f'])
  expect(await names()).toEqual(['a', 'b', 'by-hand', 'c', 'd', 'other'])
})

test('one that is in use stays, however many are newer', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await publish(name, 'git', 2 * hour)
  }
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await markUsed(await store.get(name))
  }
  expect(await removeOldGenerations(store, 'git')).toEqual(['f'])
  expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('what snapshots come from is listed, and a damaged one is not', async () => {
  await publish('provisioned')
  await publish('git-1', 'git')
  await publish('damaged', 'git')
  await rm(join(store.folder, 'damaged', 'ram'))
  expect(await listTemplates(store)).toEqual([
    { name: 'git-1', id: '0123456789abcdef', recipe: { name: 'git', key: '0123456789abcdef', uploads: [] } },
    { name: 'provisioned', id: '0123456789abcdef' },
  ])
  expect((await store.list()).find(({ name }) => name === 'git-1')).toMatchObject({ recipe: 'git' })
})
