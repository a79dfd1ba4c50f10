import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
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

async function entries(): Promise<string[]> {
  return (await readdir(store.folder)).sort()
}

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
    const taken = await Promise.all(Object.keys(content).map((name) => stat(join(template.folder, name))))
    expect(await store.list()).toEqual([
      {
        ...{ name: 'git', guest: 'wine', createdAt: '2026-01-02T03:04:05.000Z' },
        size: taken.reduce((sum, { blocks }) => sum + blocks * 512, 0),
      },
    ])
    expect(taken.map(({ mode }) => mode & 0o777)).toEqual([0o444, 0o444, 0o444, 0o444])
  })

  test('leaves its files and its name, and nothing else', async () => {
    await publish('git')
    expect(await entries()).toEqual([expect.stringMatching(/^\.files-[0-9a-f]{12}$/), 'git'])
  })

  test('is not replaced unless asked for', async () => {
    await publish('git')
    await expect(publish('git')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
    const { folder } = await publish('git', true)
    expect(await entries()).toEqual([basename(folder), 'git'])
  })

  test('is replaced while somebody reads it: they get all of the one or all of the other', async () => {
    await publish('git')
    const folders: string[] = []
    const read = await store.read('git', async (folder) => {
      folders.push(folder)
      if (folders.length === 1) {
        await publish('git', true)
      }
      return readFile(join(folder, 'ram'), 'utf8')
    })
    expect(read).toBe('memory')
    expect(folders).toHaveLength(2)
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

  test('whose files are gone is damaged', async () => {
    const { folder } = await publish('git')
    await rm(folder, { recursive: true })
    await expect(store.find('git')).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  })

  test.each(['whole', 'damaged'])('that is %s can be removed', async (state) => {
    const { folder } = await publish('git')
    if (state === 'damaged') {
      await rm(join(folder, 'manifest.json'))
    }
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

describe('a snapshot of the first versions, a folder of that name', () => {
  beforeEach(async () => {
    await publish('git')
    const [files = ''] = await entries()
    await rm(join(store.folder, 'git'))
    await rename(join(store.folder, files), join(store.folder, 'git'))
  })

  test('is found and kept', async () => {
    await store.collect()
    expect((await store.get('git')).folder).toBe(join(store.folder, 'git'))
    await expect(publish('git')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
  })

  test('can be replaced', async () => {
    const { folder } = await publish('git', true)
    expect(await entries()).toEqual([basename(folder), 'git'])
    expect((await store.get('git')).folder).toBe(folder)
  })

  test('can be removed', async () => {
    await store.remove('git')
    expect(await readdir(store.folder)).toEqual([])
  })
})

test('what a killed maker left is collected, what a living one makes is not', async () => {
  const living = await store.draft()
  await fill(living)
  const dead = join(store.folder, '.files-00112233aabb')
  await mkdir(dead)
  await writeFile(join(dead, 'ram'), 'memory')
  await writeFile(`${dead}.lock`, '')
  await writeFile(join(store.folder, '.files-445566778899.lock'), '')
  await store.collect()
  expect(await entries()).toEqual([basename(living.folder), `${basename(living.folder)}.lock`])
  expect(await readdir(living.folder)).toContain('ram')
  await living.discard()
  expect(await readdir(store.folder)).toEqual([])
})
