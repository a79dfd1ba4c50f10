import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Manifest } from '../../src/snapshots/manifest.ts'
import { type Draft, Store } from '../../src/snapshots/store.ts'

let folder: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun store '))
  store = new Store(join(folder, 'wine', '0123'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const content = { ram: 'memory', state: 'devices', 'overlay.qcow2': 'blank', 'disk-1.qcow2': 'disk' }

async function fill(draft: Draft): Promise<void> {
  for (const [name, text] of Object.entries(content)) {
    await writeFile(join(draft.folder, name), text)
  }
}

function manifest(name: string): Manifest {
  const file = (file: keyof typeof content) => ({ name: file, size: content[file].length })
  return {
    format: 1,
    guest: 'wine',
    name,
    key: '0123',
    id: '0123456789abcdef',
    createdAt: '2026-01-02T03:04:05.000Z',
    memoryMiB: 1024,
    ram: file('ram'),
    state: file('state'),
    overlay: file('overlay.qcow2'),
    layers: [file('disk-1.qcow2')],
  }
}

async function publish(name: string, replace = false) {
  const draft = await store.draft()
  try {
    await fill(draft)
    return await draft.publish(manifest(name), replace)
  } finally {
    await draft.discard()
  }
}

describe('a published snapshot', () => {
  test('is found, listed, and cannot be written', async () => {
    await publish('git')
    const template = await store.get('git')
    expect(template.manifest).toEqual(manifest('git'))
    expect(await store.list()).toEqual([
      { name: 'git', guest: 'wine', createdAt: '2026-01-02T03:04:05.000Z', size: 'memorydevicesdisk'.length },
    ])
    expect((await stat(join(template.folder, 'ram'))).mode & 0o777).toBe(0o444)
  })

  test('leaves no draft and no lock of one behind', async () => {
    await publish('git')
    expect(await readdir(store.folder)).toEqual(['git'])
  })

  test('is not replaced unless asked for', async () => {
    await publish('git')
    await expect(publish('git')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
    await publish('git', true)
    expect(await readdir(store.folder)).toEqual(['git'])
  })

  test('of which a file was cut is damaged, and says which', async () => {
    const { folder } = await publish('git')
    await chmod(join(folder, 'ram'), 0o644)
    await truncate(join(folder, 'ram'), 3)
    await expect(store.find('git')).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringContaining('ram has 3 bytes in place of 6'),
    })
  })

  test('with a manifest of another form is damaged', async () => {
    await mkdir(join(store.folder, 'git'), { recursive: true })
    await writeFile(join(store.folder, 'git', 'manifest.json'), '{"format": 2}')
    await expect(store.find('git')).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  })

  test('can be removed', async () => {
    await publish('git')
    await store.remove('git')
    expect(await store.list()).toEqual([])
    expect(await readdir(store.folder)).toEqual([])
  })
})

test('a name that no snapshot has is answered with the names there are', async () => {
  await publish('git')
  await expect(store.get('node')).rejects.toMatchObject({
    code: 'SNAPSHOT_NOT_FOUND',
    message: expect.stringContaining('Snapshots: git.'),
  })
})

test.each(['', '..', '../x', 'A', 'a/b', '.lock-x', 'con', 'a'.repeat(65), 'a..b'])(
  'the name %j is refused',
  async (name) => {
    await expect(store.get(name)).rejects.toMatchObject({ code: 'BAD_NAME' })
  },
)

test('a folder without a manifest is no snapshot', async () => {
  await mkdir(join(store.folder, 'half'), { recursive: true })
  await writeFile(join(store.folder, 'half', 'ram'), 'memory')
  expect(await store.find('half')).toBeUndefined()
  expect(await store.list()).toEqual([])
})

test('what a killed maker left is collected, what a living one makes is not', async () => {
  const living = await store.draft()
  await fill(living)
  const dead = join(store.folder, '.draft-00112233aabb')
  await mkdir(dead)
  await writeFile(join(dead, 'ram'), 'memory')
  await store.collect()
  const names = await readdir(store.folder)
  expect(names.filter((name) => name.startsWith('.draft'))).toHaveLength(1)
  expect(await readdir(living.folder)).toContain('ram')
  await living.discard()
  expect(await readdir(store.folder)).toEqual([])
})
