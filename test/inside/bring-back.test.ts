import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bringBack } from '../../src/inside/bring-back.ts'
import { digestOf } from '../../src/inside/guest/project-files.ts'
import type { RunnerLink } from '../../src/inside/link.ts'
import { PathMap } from '../../src/inside/path-map.ts'
import { temporaryProject } from './project.ts'

/** A guest that says that a run wrote and removed this, whatever that is. */
function guest(written: Readonly<Record<string, string>>, gone: string[] = []): RunnerLink {
  const answers: Pick<RunnerLink, 'changes' | 'read'> = {
    async changes() {
      return { written: Object.entries(written).map(([path, text]) => ({ path, size: text.length })), gone }
    },
    async read(path) {
      return Buffer.from(written[path] ?? '')
    },
  }
  return answers as RunnerLink
}

function way(
  folder: string,
  sent: Readonly<Record<string, string>> = {},
  include: string[] = [],
  reports: string[] = [],
) {
  return {
    ...{ root: folder, include, reports },
    map: new PathMap('C:\\inside\\lib', folder),
    sent: new Map(Object.entries(sent).map(([path, text]) => [path, digestOf(Buffer.from(text))])),
  }
}

const ignoring = { '.gitignore': 'dist\ncoverage\n*.xml\n', 'a.snap': 'old', 'b.txt': 'b' }

test('what a run wrote comes back, and what it removed goes', async () => {
  await using project = await temporaryProject(ignoring)
  const { folder } = project
  const back = await bringBack(
    guest({ 'a.snap': 'new', 'deep/c.txt': 'C:\\inside\\lib' }, ['b.txt']),
    way(folder, ignoring),
  )
  expect(back).toEqual({ written: ['a.snap', 'deep/c.txt'], removed: ['b.txt'], kept: [], left: [] })
  expect(await readFile(join(folder, 'a.snap'), 'utf8')).toBe('new')
  expect(await readFile(join(folder, 'deep/c.txt'), 'utf8')).toBe('C:\\inside\\lib')
  await expect(readFile(join(folder, 'b.txt'))).rejects.toThrow('ENOENT')
})

test('what was changed here meanwhile stays as it is', async () => {
  await using project = await temporaryProject(ignoring)
  await project.write('a.snap', 'edited here')
  await project.write('b.txt', 'edited here')
  const back = await bringBack(guest({ 'a.snap': 'new' }, ['b.txt']), way(project.folder, ignoring))
  expect(back).toMatchObject({ written: [], removed: [], kept: ['a.snap', 'b.txt'] })
  expect(await readFile(join(project.folder, 'a.snap'), 'utf8')).toBe('edited here')
})

test('of what git ignores reports come back, and what was asked for', async () => {
  await using project = await temporaryProject(ignoring)
  const { folder } = project
  await project.write('coverage/lcov.info', 'older')
  const written = {
    'dist/built.js': 'built',
    'coverage/lcov.info': 'SF:src\\a.ts\nDA:1,1\n',
    'out.xml': '<file name="C:\\inside\\lib\\a.ts">',
    'coverage/f.json': '{"C:\\\\inside\\\\lib\\\\a.ts":{}}',
  }
  const first = await bringBack(guest(written), way(folder, {}, [], ['out.xml']))
  expect(first).toMatchObject({
    written: ['coverage/lcov.info', 'out.xml', 'coverage/f.json'],
    left: ['dist/built.js'],
  })
  expect(await readFile(join(folder, 'coverage/lcov.info'), 'utf8')).toBe('SF:src/a.ts\nDA:1,1\n')
  expect(await readFile(join(folder, 'out.xml'), 'utf8')).toBe(`<file name="${folder}/a.ts">`)
  expect(await readFile(join(folder, 'coverage/f.json'), 'utf8')).toBe(`{"${folder}/a.ts":{}}`)
  expect(await bringBack(guest(written), way(folder, {}, ['dist']))).toMatchObject({ left: ['out.xml'] })
})

test('a file that was not sent is not replaced', async () => {
  await using project = await temporaryProject({ 'a.txt': 'here' })
  expect(await bringBack(guest({ 'a.txt': 'there' }), way(project.folder))).toMatchObject({ kept: ['a.txt'] })
})

test.each([
  '../out.txt',
  '/tmp/out.txt',
  'a/../../out.txt',
  '.git/hooks/pre-commit',
  'a\\..\\out.txt',
  'node_modules/a.js',
  './a',
  '',
])('a guest that says that a run wrote %j gets nothing written', async (path) => {
  await using project = await temporaryProject({})
  const back = await bringBack(guest({ [path]: 'evil' }, [path]), way(project.folder))
  expect(back).toEqual({ written: [], removed: [], kept: [], left: [] })
})

test('nothing is written through a link that leads out of the project', async () => {
  await using elsewhere = await temporaryProject({})
  await using project = await temporaryProject({})
  await mkdir(join(project.folder, 'in'))
  await symlink(elsewhere.folder, join(project.folder, 'in/out'))
  await symlink(join(elsewhere.folder, 'b.txt'), join(project.folder, 'in/b.txt'))
  const back = await bringBack(guest({ 'in/out/a.txt': 'evil', 'in/b.txt': 'evil' }), way(project.folder))
  expect(back).toMatchObject({ written: [], kept: ['in/out/a.txt', 'in/b.txt'] })
})
