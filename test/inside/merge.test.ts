import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nameSystem, onlyFailures } from '../../src/inside/blob.ts'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'osrun merge ')))
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await mkdir(join(folder, 'blobs'))
  const suite = `
    import { describe, expect, test } from 'vitest'
    describe('both', () => { test('fails', () => { expect(1).toBe(2) }) })
    test('depends', () => { console.log('on ' + process.env.SYSTEM); expect(process.env.SYSTEM).not.toBe('windows') })
  `
  await writeFile(join(folder, 'a.test.js'), suite)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function vitest(system: string) {
  const blob = join(folder, 'blobs', `${system}.json`)
  const given = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=blob', `--outputFile.blob=${blob}`]
  await execa(process.execPath, given, { cwd: folder, env: { SYSTEM: system }, reject: false, stdin: 'ignore' })
  return nameSystem(await readFile(blob, 'utf8'), system)
}

async function merge(...given: string[]) {
  const program = join(process.cwd(), 'src/inside/merge-main.ts')
  const systems = { 'linux.json': 'linux', 'windows.json': 'windows' }
  const words = [program, join(folder, 'blobs'), JSON.stringify(systems), ...given]
  const { all, exitCode } = await execa(process.execPath, words, {
    cwd: folder,
    env: { NO_COLOR: '1' },
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  return { all, exitCode }
}

test('the same file of two systems is two in one report, each under the name of its system', async () => {
  expect((await vitest('linux')).projects).toEqual(['linux'])
  await vitest('windows')
  const { all, exitCode } = await merge('--reporter=default', '--reporter=json', '--outputFile=o.json')
  expect(exitCode).toBe(1)
  expect(all).toMatch(/Test Files +2 failed \(2\)/)
  expect(all).toMatch(/Tests +3 failed \| 1 passed \(4\)/)
  expect(all).toContain('FAIL  |windows| a.test.js > depends')
  expect(all).not.toContain('FAIL  |linux| a.test.js > depends')
  expect(all).toContain('stdout | a.test.js > depends\non linux')
  expect(JSON.parse(await readFile(join(folder, 'o.json'), 'utf8'))).toMatchObject({ numTotalTests: 4 })
  expect(all).toMatch(/Fails in windows only:\n {2}a\.test\.js > depends$/)
})

test("a project's own projects stay apart, and its config counts", async () => {
  const config = `export default { test: { name: 'root', reporters: ['tap-flat'], projects: [
    { test: { name: 'unit' } }, { test: { name: 'slow', include: ['slow/*.test.js'] } } ] } }`
  await writeFile(join(folder, 'vitest.config.js'), config)
  await mkdir(join(folder, 'slow'))
  await cp(join(folder, 'a.test.js'), join(folder, 'slow/b.test.js'))
  const named = [await vitest('linux'), await vitest('windows')]
  const projects = [...new Set(named.flatMap((each) => each.projects))]
  expect(projects.toSorted()).toEqual(['slow (linux)', 'slow (windows)', 'unit (linux)', 'unit (windows)'])
  const { all, exitCode } = await merge()
  expect(exitCode).toBe(1)
  expect(all.match(/^not ok .*depends/gm)).toHaveLength(3)
  expect(all.match(/^ok .*depends/gm)).toHaveLength(3)
})

test('a file that cannot be loaded in one system is told as a whole', async () => {
  const suite =
    "import { test } from 'vitest'\nif (process.env.SYSTEM === 'windows') throw new Error('no')\ntest('a', () => {})\n"
  await writeFile(join(folder, 'a.test.js'), suite)
  const outcomes = new Map([
    ['linux', (await vitest('linux')).outcomes],
    ['windows', (await vitest('windows')).outcomes],
  ])
  expect([...onlyFailures(outcomes)]).toEqual([['windows', ['a.test.js']]])
})

test('what is no report is refused', () => {
  expect(() => nameSystem('[["1"],{}]', 'windows')).toThrow()
})
