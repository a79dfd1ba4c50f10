import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answerFor, type Machine } from '../../src/inside/answer.ts'
import { digestOf } from '../../src/inside/guest/project-files.ts'
import { insidePackage } from '../../src/inside/inside-package.ts'
import { RunnerLink } from '../../src/inside/link.ts'
import { OsrunError } from '../../src/protocol/errors.ts'

/** Milliseconds: several runs of Vitest, each with a process for each file. */
const timeout = 180_000

// The runner is a plain program of Node: here it keeps a project on this computer.
let folder: string
let runner: ChildProcess
let link: RunnerLink
const done: unknown[] = []

/** Stands for the machine, of which there is none here. */
const machine: Machine = {
  screenshot: async () => ({ png: Buffer.from('a picture'), width: 800, height: 600 }),
  async run(command): Promise<never> {
    throw new OsrunError('COMMAND_NOT_FOUND', `There is no ${command}`)
  },
  async snapshot(name) {
    if (name === 'A') {
      throw new OsrunError('BAD_NAME', 'Expected `name` to be a name')
    }
    return { name, guest: 'wine', createdAt: '2026-01-01T00:00:00.000Z', size: 1 }
  },
  keyboard: { type: async (text) => void done.push(text), press: async (keys) => void done.push(keys) },
  mouse: { move: async (...place) => void done.push(place), click: async (...place) => void done.push(place) },
}

beforeEach(async () => {
  folder = join(await realpath(await mkdtemp(join(tmpdir(), 'osrun runner '))), 'project')
  await mkdir(folder)
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const port = await freePort()
  runner = spawn(process.execPath, ['src/inside/guest/runner.ts', String(port), folder], {
    stdio: 'inherit',
    env: { PATH: process.env['PATH'] },
  })
  link = await RunnerLink.open({ host: '127.0.0.1', port }, 10_000)
})

afterEach(async () => {
  link.close()
  runner.kill('SIGKILL')
  await once(runner, 'close')
  await rm(join(folder, '..'), { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

async function write(path: string, text: string): Promise<void> {
  await link.say({ type: 'write', path, digest: digestOf(Buffer.from(text)) }, Buffer.from(text))
}

async function run(...argv: string[]) {
  return runWith({ env: { NO_COLOR: '1' } }, ...argv)
}

async function runWith(
  terms: { env: Record<string, string>; terminal?: { columns: number; rows: number } },
  ...argv: string[]
) {
  let output = ''
  let warm: boolean | undefined
  const job = { argv: ['run', ...argv], env: { GIVEN: 'given' }, cwd: 'deep', watch: false }
  const code = await link.run(job, terms, {
    asked: (question) => answerFor(machine, question),
    started(loaded) {
      warm = loaded
    },
    out(_channel, bytes) {
      output += Buffer.from(bytes)
    },
  })
  return { code, output, warm }
}

const passing = `
  import { expect, test } from 'vitest'
  test('passes', () => { expect(process.env.GIVEN).toBe('given') })
  test('counts', () => { expect(1 + 1).toMatchInlineSnapshot() })
`

test('a suite runs with the code of its end, and what it wrote is told', async () => {
  await write('deep/package.json', '{"type": "module"}')
  await write('deep/a.test.js', passing)
  await write('deep/gone.txt', 'soon gone')
  await write(
    'deep/b.test.js',
    `
    import { rmSync, writeFileSync } from 'node:fs'
    import { expect, test } from 'vitest'
    test('fails', () => { writeFileSync('made here.txt', 'made'); rmSync('gone.txt'); expect('a/b').toBe('a\\\\b') })
  `,
  )
  expect(await run('a.test')).toMatchObject({ code: 0, output: expect.stringMatching(/Tests +2 passed/) })
  const { code, output, warm } = await run()
  expect(warm).toBe(false)
  expect(code).toBe(1)
  expect(output).toContain('1 failed | 2 passed')
  const { written, gone } = await link.changes()
  expect(written.map(({ path }) => path).sort()).toEqual(['deep/a.test.js', 'deep/made here.txt'])
  expect(gone).toEqual(['deep/gone.txt'])
  expect(Buffer.from(await link.read('deep/a.test.js')).toString()).toContain('toMatchInlineSnapshot(`2`)')
})

test('Vitest that was loaded ahead runs once, and only for who wants the same colours', async () => {
  await write('deep/package.json', '{"type": "module"}')
  await write('deep/a.test.js', passing.replace(/.*counts.*/, ''))
  const coloured = { env: { FORCE_COLOR: '1' } }
  expect(await link.load(coloured, 'deep')).toMatch(/^5\./)
  const plain = await run()
  expect(plain).toMatchObject({ code: 0, warm: false })
  const first = await runWith(coloured)
  expect(first).toMatchObject({ code: 0, warm: true })
  expect(first.output).toContain('\u001b[')
  expect(plain.output).not.toContain('\u001b[')
  expect(await runWith(coloured)).toMatchObject({ code: 0, warm: false })
})

test('a suite that is watched runs what depends on an edit, takes keys, and ends with `q`', { timeout }, async () => {
  await write('deep/package.json', '{"type": "module"}')
  await write(
    'deep/vitest.config.js',
    `
    import { writeFileSync } from 'node:fs'
    const look = { name: 'look', configureServer: ({ config }) => writeFileSync('watch.txt', String(config.server.watch)) }
    export default { plugins: [look], test: { name: "before" } }
  `,
  )
  await write('deep/value.js', 'export const value = 1')
  await write('deep/other.test.js', "import { test } from 'vitest'\ntest('other', () => {})")
  await write(
    'deep/value.test.js',
    `
    import { writeFileSync } from 'node:fs'
    import { expect, test } from 'vitest'
    import { value } from './value.js'
    test('value', () => { writeFileSync('made.txt', String(value)); expect(value).toMatchSnapshot() })
  `,
  )
  let output = ''
  let runs = 0
  const ended = link.run(
    { argv: ['--watch'], env: {}, cwd: 'deep', watch: true },
    { env: { NO_COLOR: '1' } },
    {
      asked: (question) => answerFor(machine, question),
      started() {},
      out(_channel, bytes) {
        output += Buffer.from(bytes)
      },
      rested() {
        runs++
      },
    },
  )
  const run = (number: number) => vi.waitFor(() => expect(runs, output).toBe(number), timeout)
  await run(1)
  expect(output).toMatch(/Tests +2 passed/)
  // Nobody watches, whatever Vitest makes of it: what a test writes, and what is edited, is told once.
  expect(await readFile(join(folder, 'deep/watch.txt'), 'utf8')).toBe('null')
  const paths = async () => (await link.changes()).written.map(({ path }) => path).sort()
  expect(await paths()).toEqual(['deep/__snapshots__/value.test.js.snap', 'deep/made.txt', 'deep/watch.txt'])
  await link.read('deep/__snapshots__/value.test.js.snap')
  expect(await paths()).toEqual(['deep/made.txt', 'deep/watch.txt'])

  output = ''
  await write('deep/value.js', 'export const value = 2')
  expect(await link.edited()).toEqual([])
  await run(2)
  expect(output).toMatch(/RERUN +value.js/)
  expect(output).toMatch(/Tests +1 failed/)
  expect(output).not.toContain('other')

  output = ''
  await link.say({ type: 'keys' }, Buffer.from('u'))
  await run(3)
  expect(await paths()).toContain('deep/__snapshots__/value.test.js.snap')

  output = ''
  await write('deep/new.test.js', "import { test } from 'vitest'\ntest('new', () => {})")
  await link.say({ type: 'remove', path: 'deep/other.test.js' })
  await link.edited()
  await run(4)
  expect(output).toMatch(/new.test.js.*Tests +1 passed/s)

  output = ''
  await write('deep/vitest.config.js', 'export default { test: { name: "after" } }')
  await link.edited()
  await run(5)
  expect(output).toMatch(/after.*Tests +2 passed/s)
  await link.say({ type: 'keys' }, Buffer.from('q'))
  // Vitest's own: one of the runs has failed.
  expect(await ended).toBe(1)
})

test('a file that cannot be written while a suite runs is told, and the others go on', { timeout }, async () => {
  await write('deep/package.json', '{"type": "module"}')
  await write('deep/a.test.js', passing.replace(/.*counts.*/, ''))
  const asked = (question: unknown) => answerFor(machine, question)
  const listener = { started() {}, out() {}, rested: vi.fn(), asked }
  const ended = link.run(
    { argv: ['--watch'], env: { GIVEN: 'given' }, cwd: 'deep', watch: true },
    { env: {} },
    listener,
  )
  await vi.waitFor(() => expect(listener.rested).toHaveBeenCalledOnce(), timeout)
  await write('deep', 'a folder of that name is there')
  await write('deep/b.test.js', passing.replace(/.*counts.*/, ''))
  expect(await link.edited()).toEqual([{ path: 'deep', message: expect.stringContaining('EISDIR') }])
  await vi.waitFor(() => expect(listener.rested).toHaveBeenCalledTimes(2), timeout)
  expect(await link.edited()).toEqual([])
  await link.say({ type: 'keys' }, Buffer.from('q'))
  expect(await ended).toBe(0)
})

test('what was sent is known by its digest, and what is sent anew replaces it', async () => {
  await write('a.txt', 'one')
  await write('b.txt', 'two')
  await link.say({ type: 'write', path: 'node_modules2/c.txt' }, Buffer.from('installed'))
  await write('a.txt', 'three')
  await link.say({ type: 'remove', path: 'b.txt' })
  expect([...(await link.known())]).toEqual([['a.txt', digestOf(Buffer.from('three'))]])
  expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('three')
})

test('a project without Vitest says so', async () => {
  await rm(join(folder, 'node_modules'))
  await write('deep/package.json', '{}')
  await expect(link.load({ env: {} }, 'deep')).rejects.toThrow(/In the guest: .*vitest/s)
})

const inside = `
  import { expect } from 'vitest'
  import { test } from 'vitest-environment-osrun/inside'
  test('asks its machine', async ({ win }) => {
    const shot = await win.screenshot({ path: 'shots/a.png' })
    expect([shot.width, shot.height, shot.png.length]).toEqual([800, 600, 9])
    await win.keyboard.type('hello')
    await win.keyboard.press('Control+A')
    await win.mouse.click(1, 2, { count: 2 })
    await expect(win.run('nothing')).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND', stack: expect.stringContaining('inside.test.js') })
    await expect(win.run('nothing', { wrong: 1 })).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('options.wrong') })
    await expect(win.restore()).rejects.toThrow('would end this very suite')
    expect(await win.snapshot('a', { replace: true })).toMatchObject({ name: 'a', size: 1 })
    await expect(win.snapshot('A')).rejects.toMatchObject({ code: 'BAD_NAME', stack: expect.stringContaining('inside.test.js') })
  })
`

test('a test asks for its machine, which the computer that started it has', async () => {
  await write('deep/package.json', '{"type": "module"}')
  for (const { path, text } of await insidePackage()) {
    await link.say({ type: 'write', path: `deep/${path}` }, Buffer.from(text))
  }
  await write('deep/inside.test.js', inside)
  expect(await run()).toMatchObject({ code: 0, output: expect.stringMatching(/Tests +1 passed/) })
  expect(done).toEqual(['hello', 'Control+A', [1, 2, { count: 2 }]])
  expect(await readFile(join(folder, 'deep/shots/a.png'), 'utf8')).toBe('a picture')
})

test('where there is no such machine, the test is skipped', async () => {
  await write('deep/package.json', '{"type": "module"}')
  for (const { path, text } of await insidePackage()) {
    await link.say({ type: 'write', path: `deep/${path}` }, Buffer.from(text))
  }
  await write('deep/inside.test.js', inside)
  await link.sync()
  const { stdout, exitCode } = await execa('node', ['../node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose'], {
    cwd: join(folder, 'deep'),
    env: { NO_COLOR: '1' },
    reject: false,
  })
  expect({ stdout, exitCode }).toMatchObject({
    stdout: expect.stringContaining('[needs the machine of `osrun test`]'),
    exitCode: 0,
  })
})
