import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unpackProject } from './project.ts'

const entries = await readdir('examples', { withFileTypes: true })
const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
// `hello` is the suite that installed.test.ts runs, with each runtime; `inside` is test/machine/inside.test.ts's.
const runHere = names.filter((name) => name !== 'hello' && name !== 'inside')
let project: Awaited<ReturnType<typeof unpackProject>>

beforeAll(async () => {
  project = await unpackProject()
  await cp('examples', join(project.folder, 'examples'), {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.osrun|\.vitest)$/.test(path),
  })
})

afterAll(async () => {
  await project?.[Symbol.asyncDispose]()
})

describe('the examples', () => {
  test('are in their table, each with what it says of itself', async () => {
    const table = await readFile('examples/README.md', 'utf8')
    expect([...table.matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name).sort()).toEqual(names.sort())
    for (const name of names) {
      expect(await readFile(join('examples', name, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n`))
    }
  })

  test.each(runHere)('%s passes its tests', async (name) => {
    const cwd = join(project.folder, 'examples', name)
    const env = { CI: '1', NO_COLOR: '1', OSRUN_RUNTIME: 'host' }
    const { scripts } = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'))
    // Whoever tests these is not in a hurry.
    const patience = scripts.test.startsWith('node') ? [] : ['--', '--testTimeout=400000']
    const how = { cwd, env, all: true, reject: false, stdin: 'ignore' } as const
    const { exitCode, all } = await execa('npm', ['test', ...patience], how)
    expect({ exitCode, output: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, output: '' })
    // A run without a test is no pass.
    expect(all).toMatch(/Tests: +\d+ passed|Tests {2}\d+ passed|pass [1-9]/)
  })
})
