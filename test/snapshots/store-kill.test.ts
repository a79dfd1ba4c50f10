import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Store } from '../../src/snapshots/store.ts'
import { publish } from './publisher.ts'

// Some hundred processes, one after the other, would take minutes on a busy computer.
vi.setConfig({ testTimeout: 240_000 })
const atOnce = 4
const publisher = fileURLToPath(new URL('publisher.ts', import.meta.url))
const before = '0000000000000000'
const after = 'ffffffffffffffff'
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun kill '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function run(store: Store, action: string, count: number) {
  return execa(process.execPath, [publisher, store.folder, action, String(count)], { reject: false, stdin: 'ignore' })
}

/** The id of the snapshot, all files of which say it, or undefined where there is none. */
async function whole(store: Store): Promise<string | undefined> {
  return store.read('git', async () => {
    const template = await store.find('git')
    if (template === undefined) {
      throw new Error('gone')
    }
    const { ram, state, overlay, layers, id } = template.manifest
    const names = [ram, state, overlay, ...layers].map(({ name }) => join(template.folder, name))
    const texts = await Promise.all(names.map((name) => readFile(name, 'utf8')))
    expect(texts).toEqual([id, id, id, id])
    return id
  })
}

/** Kills a process before its step of that number, and looks at what it left. */
async function attempt(action: string, step: number, start: string | undefined) {
  const store = new Store(join(folder, `${action} ${step}`))
  if (start !== undefined) {
    await publish(store, 'git', start, false)
  }
  const child = await run(store, action, step)
  const killed = child.signal === 'SIGKILL'
  expect(killed ? 0 : child.exitCode, child.stderr).toBe(0)
  const found = await whole(store)
  await store.collect()
  expect(await entries(store), `after step ${step}`).toEqual(await expected(store))
  return { found, killed }
}

async function entries(store: Store): Promise<string[]> {
  return (await readdir(store.folder).catch(() => [])).sort()
}

/** What lies in a store that holds the snapshot and nothing else, or nothing at all. */
async function expected(store: Store): Promise<string[]> {
  const template = await store.find('git')
  return template === undefined ? [] : [basename(template.folder), 'git']
}

test.each([
  ['publish', [undefined, after]],
  ['replace', [before, after]],
  ['remove', [before, undefined]],
] as const)(
  'a kill at any step of %s leaves the one or the other, whole, and nothing besides',
  async (action, ends) => {
    const seen: (string | undefined)[] = []
    let killed = true
    for (let first = 1; killed; first += atOnce) {
      const steps = Array.from({ length: atOnce }, (_, index) => first + index)
      for (const round of await Promise.all(steps.map((step) => attempt(action, step, ends[0])))) {
        expect(ends).toContain(round.found)
        seen.push(round.found)
        killed &&= round.killed
      }
    }
    // It was killed before and after the step that counts, and in the end it was not killed.
    expect(seen.length).toBeGreaterThan(4)
    expect(seen[0]).toBe(ends[0])
    expect(seen.at(-2)).toBe(ends[1])
  },
)

test('processes that publish, replace, remove and collect at once never show half a snapshot', async () => {
  const store = new Store(join(folder, 'store'))
  const hammers = [1, 2, 3].map(() => run(store, 'hammer', 60))
  let running = true
  const ended = Promise.all(hammers).finally(() => {
    running = false
  })
  let found = 0
  while (running) {
    found += (await whole(store)) === undefined ? 0 : 1
    expect((await store.list()).length).toBeLessThan(2)
  }
  for (const child of await ended) {
    expect(child.stderr).toBe('')
    expect(child.exitCode).toBe(0)
  }
  expect(found).toBeGreaterThan(10)
  await store.collect()
  expect(await entries(store)).toEqual(await expected(store))
})
