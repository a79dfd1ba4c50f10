import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer } from '../../src/client/index.ts'
import { MachineRoom } from '../../src/client/machine-room.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { createProject, type Project } from '../environment/project.ts'
import { findProcesses, runVariable } from '../installed/traces.ts'

const cache = defaultCache(process.env)
const runtime = { OSRUN_RUNTIME: 'host', OSRUN_CACHE: cache }
// The cache is everybody's: these recipes are this run's only, and are removed after it.
const mark = `test-${randomBytes(4).toString('hex')}`
/** Milliseconds: a run of Vitest with builds, under emulation. */
const timeout = 600_000
const docblock = (snapshot: string) =>
  `// @vitest-${'environment'}-options {"osrun": {"snapshot": "${mark}-${snapshot}"}}\n`

const files = {
  'vitest.config.ts': `
    import { fileURLToPath } from 'node:url'
    import { osrun } from 'vitest-environment-osrun/plugin'
    export default {
      resolve: { alias: { '@lib': fileURLToPath(new URL('./lib', import.meta.url)) } },
      plugins: [osrun({ standbys: 0, snapshots: {
        '${mark}-child': { from: '${mark}-base', setup: './setups/child.ts' },
        '${mark}-base': { setup: './setups/base.ts' },
        '${mark}-other': { setup: './setups/other.ts' },
      } })],
    }
  `,
  'lib/text.ts': `export const text: string = 'first'`,
  'payload/in a folder/file.txt': 'payload one',
  'setups/base.ts': `
    import type { Win } from 'vitest-environment-osrun'
    import { text } from '@lib/text'
    export default async (win: Win): Promise<void> => {
      await win.writeFile('C:\\\\text.txt', text)
      await win.upload('payload', 'C:\\\\payload')
      await win.run('reg add HKCU\\\\Software\\\\Osrun /v From /d ${mark}')
    }
  `,
  'setups/child.ts': `
    export default async (win) => { await win.run('copy C:\\\\text.txt C:\\\\copied.txt') }
  `,
  'setups/other.ts': `
    export default async (win) => { await win.writeFile('C:\\\\other.txt', '${mark}') }
  `,
  'child.test.ts': `${docblock('child')}
    import { expect, test } from 'vitest-environment-osrun/test'
    test('has what both setups made', async ({ win }) => {
      const read = async (path) => (await win.readFile(path, 'utf8'))
      console.log('child:', await read('C:\\\\copied.txt'), '/', await read('C:\\\\payload\\\\in a folder\\\\file.txt'))
      expect((await win.run('reg query HKCU\\\\Software\\\\Osrun /v From')).stdout).toContain('${mark}')
      expect(win.snapshotName).toBe('${mark}-child')
      const names = (await win.snapshots()).map(({ name }) => name).filter((name) => name.startsWith('${mark}'))
      expect(names).toEqual(['${mark}-base', '${mark}-child', '${mark}-other'])
    })
  `,
  'isolated.test.ts': `// @vitest-${'environment'}-options {"snapshot": "${mark}-other", "isolate": "test"}
    import { expect, test } from 'vitest-environment-osrun/test'
    for (const name of ['first', 'second']) {
      test('begins in the state of the recipe: ' + name, async ({ win }) => {
        expect(await win.readFile('C:\\\\other.txt', 'utf8')).toBe('${mark}')
        expect(await win.exists('C:\\\\mine.txt')).toBe(false)
        await win.writeFile('C:\\\\mine.txt', name)
      })
    }
    test('goes to another recipe and back', async ({ win }) => {
      await win.restore('${mark}-base')
      expect(win.snapshotName).toBe('${mark}-base')
      expect(await win.exists('C:\\\\text.txt')).toBe(true)
      await expect(win.snapshot('${mark}-base', { replace: true })).rejects.toThrow('is the name of a recipe')
    })
  `,
}

let project: Project

beforeAll(async () => {
  project = await createProject(files)
})

afterAll(async () => {
  await project?.[Symbol.asyncDispose]()
  for (const folder of await stores()) {
    const names = await readdir(folder)
    const ours = names.filter((name) => name.startsWith(mark) || name.startsWith(`.recipe-${mark}`))
    await Promise.all(ours.map((name) => rm(join(folder, name), { recursive: true, force: true })))
  }
})

async function stores(): Promise<string[]> {
  const guest = join(cache, 'store/wine')
  return (await readdir(guest)).map((key) => join(guest, key))
}

function write(path: keyof typeof files, text: string): Promise<void> {
  return writeFile(join(project.folder, path), text)
}

function start(...flags: string[]) {
  return project.run(runtime, ...flags)
}

/** Runs the suite, which passes. @returns which recipes were built, and all that was said */
async function suite(...flags: string[]) {
  const run = start(...flags)
  const ended = await run.ended
  const output = run.output()
  expect({ ended, output: ended === 0 ? '' : output }).toEqual({ ended: 0, output: '' })
  return { built: builtIn(output), output }
}

function builtIn(output: string): string[] {
  return [...output.matchAll(/snapshot test-[0-9a-f]+-(\w+) is ready, built in/g)].map(([, name]) => name ?? '')
}

describe('recipes', { timeout }, () => {
  test('are built by the first run, each after the one that it starts from', async () => {
    const { built, output } = await suite()
    expect(built).toEqual(['base', 'child', 'other'])
    expect(output).toContain(`osrun: snapshot ${mark}-base: building (./setups/base.ts)`)
    expect(output).toContain('child: first / payload one')
    expect(output).toContain('4 passed')
  })

  test('are found by the next run, which says one line of each', async () => {
    const { built, output } = await suite()
    expect(built).toEqual([])
    const lines = output.split('\n').filter((line) => line.includes(`snapshot ${mark}`))
    expect(lines.map((line) => line.replace(/ \([^)]+\)$/, ''))).toEqual(
      ['base', 'child', 'other'].map((name) => `osrun: snapshot ${mark}-${name} is ready`),
    )
  })

  test('are built anew when a module that the setup imports is edited, with those that start from them', async () => {
    await write('lib/text.ts', `export const text: string = 'second'`)
    const { built, output } = await suite('child')
    expect(built).toEqual(['base', 'child'])
    expect(output).toContain('child: second / payload one')
  })

  test('are built anew when what the setup uploads is edited, and found again when the edit is undone', async () => {
    await write('payload/in a folder/file.txt', 'payload two')
    const edited = await suite('child')
    expect(edited.built).toEqual(['base', 'child'])
    expect(edited.output).toContain('child: second / payload two')
    await write('payload/in a folder/file.txt', 'payload one')
    const undone = await suite('child')
    expect(undone.built).toEqual([])
    expect(undone.output).toContain('child: second / payload one')
  })

  test('are built once by two runs at the same time', async () => {
    await write('setups/other.ts', files['setups/other.ts'].replace('{ await', '{ await win.run("ver"); await'))
    const both = await Promise.all([suite('isolated'), suite('isolated')])
    expect(both.flatMap(({ built }) => built)).toEqual(['other'])
    const said = both.map(({ output }) => output).join('')
    expect(said).toContain(`snapshot ${mark}-other: waiting for another run that builds it`)
    expect(said).toContain(`snapshot ${mark}-other is ready, built by another run`)
  })
})

describe('a setup', { timeout }, () => {
  test('that fails ends the run, says what it ran and where, and keeps nothing', async () => {
    const before = await snapshots()
    await write(
      'setups/other.ts',
      `export default async (win) => {
        await win.writeFile('C:\\\\other.txt', 'half')
        await win.run('echo no such drive 1>&2 & exit 7')
      }`,
    )
    const run = start()
    expect(await run.ended).toBe(1)
    const command = 'Command failed with exit code 7: echo no such drive 1>&2 & exit 7'
    expect(run.output()).toContain(
      `OsrunError: The setup of recipe "${mark}-other", ./setups/other.ts, failed: ${command}\n ❯ setups/other.ts:3:19`,
    )
    expect(run.output()).toContain(`Caused by: WinCommandError: ${command}\n\nno such drive`)
    expect(await snapshots()).toEqual(before)
  })

  test('during which the run is killed leaves nothing, and the next run builds', async () => {
    const id = randomUUID()
    const before = await snapshots()
    const killed = `export default async (win) => { await win.run('ping -n 100000 127.0.0.1') } // ${mark}`
    await write('setups/other.ts', killed)
    const run = project.run({ ...runtime, [runVariable]: id }, 'isolated')
    const machines = async () => (await findProcesses(id)).filter((line) => line.includes('qemu-system'))
    const building = () => run.output().includes(`${mark}-other: building`)
    await expect.poll(building, { timeout: 120_000 }).toBe(true)
    await expect.poll(machines, { timeout: 60_000 }).toHaveLength(1)
    process.kill(run.pid, 'SIGKILL')
    await run.ended
    await expect.poll(() => findProcesses(id), { timeout: 30_000 }).toEqual([])
    expect(await snapshots()).toEqual(before)
    await write('setups/other.ts', `${files['setups/other.ts']} // once more`)
    expect((await suite('isolated')).built).toEqual(['other'])
  })
})

test('the claim on a recipe is one client’s at a time, and the next one’s when its connection ends', async () => {
  await using server = await startServer({ runtime: 'host', cache, standbys: 0 })
  const rooms = await Promise.all([MachineRoom.open(server), MachineRoom.open(server)])
  const said: string[] = []
  const [first, second] = rooms.map((room) => () => room.claim('wine', mark, ({ phase }) => said.push(phase)))
  const held = await first?.()
  const waiting = second?.()
  await expect.poll(() => said).toEqual([`snapshot ${mark}: waiting for another run that builds it`])
  await held?.close()
  const taken = await waiting
  expect((await taken?.templates())?.map(({ name }) => name)).toContain('provisioned')
  await taken?.close()
  await Promise.all(rooms.map((room) => room.close()))
})

test('the example passes', { timeout }, async () => {
  const folder = join(import.meta.dirname, '../../examples/recipe')
  const names = (await readdir(folder, { recursive: true })).filter((name) => extname(name) !== '')
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  await using example = await createProject(Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ''])))
  const run = example.run(runtime)
  const ended = await run.ended
  expect({ ended, output: ended === 0 ? '' : run.output() }).toEqual({ ended: 0, output: '' })
  expect(run.output()).toContain('4 passed')
})

async function snapshots(): Promise<string[]> {
  const names = await Promise.all((await stores()).map((folder) => readdir(folder)))
  return names.flat().filter((name) => name.startsWith(mark))
}
