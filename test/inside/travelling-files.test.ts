import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readManifest } from '../../src/inside/travelling-files.ts'
import { temporaryProject } from './project.ts'

async function travelling(folder: string, ...include: string[]): Promise<string[]> {
  return (await readManifest(folder, include)).files.map(({ path }) => path)
}

const files = {
  '.gitignore': 'dist\n*.log\nnode_modules\n',
  'src/a b.ts': 'one',
  'packages/x/index.ts': 'two',
  'removed.txt': 'three',
}

test('what git tracks and what it does not ignore travels, as it is now', async () => {
  await using project = await temporaryProject(files)
  await project.write('new.txt', 'new')
  await project.write('dist/built.js', 'built')
  await project.write('debug.log', 'log')
  await project.write('packages/x/node_modules/y/index.js', 'installed')
  await rm(join(project.folder, 'removed.txt'))
  expect(await travelling(project.folder)).toEqual(['.gitignore', 'new.txt', 'packages/x/index.ts', 'src/a b.ts'])
})

test('without git all but node_modules travels', async () => {
  await using project = await temporaryProject(
    { ...files, 'dist/built.js': 'built', 'node_modules/y/a.js': 'y' },
    { git: false },
  )
  expect(await travelling(project.folder)).toEqual([
    '.gitignore',
    'dist/built.js',
    'packages/x/index.ts',
    'removed.txt',
    'src/a b.ts',
  ])
})

test('files and folders that git ignores travel where they are asked for', async () => {
  await using project = await temporaryProject(files)
  await project.write('dist/deep/built.js', 'built')
  await project.write('one.log', 'log')
  await project.write('two.log', 'log')
  const paths = await travelling(project.folder, './dist/', 'one.log')
  expect(paths).toEqual(expect.arrayContaining(['dist/deep/built.js', 'one.log']))
  expect(paths).not.toContain('two.log')
})

test.each(['missing', '../outside', '/etc'])('asking for %s is refused', async (path) => {
  await using project = await temporaryProject(files)
  await expect(readManifest(project.folder, [path])).rejects.toThrow(`got ${path}`)
})

test('the same content has the same digest, another one another', async () => {
  await using project = await temporaryProject({ a: 'same', b: 'same', c: 'other' })
  const [a, b, c] = (await readManifest(project.folder)).files.map(({ digest }) => digest)
  expect(a).toBe(b)
  expect(a).not.toBe(c)
})

test('a link to a file of the project travels as that file, others stay and are named', async () => {
  await using project = await temporaryProject({ 'a.txt': 'one', 'folder/b.txt': 'two' })
  await symlink('a.txt', join(project.folder, 'link.txt'))
  await symlink('folder', join(project.folder, 'to-folder'))
  await symlink('/etc/hostname', join(project.folder, 'outside'))
  await symlink('nowhere', join(project.folder, 'broken'))
  const { files: found, leftOut } = await readManifest(project.folder)
  expect(found.map(({ path, size }) => [path, size])).toContainEqual(['link.txt', 3])
  expect(leftOut).toEqual(['broken', 'outside', 'to-folder'])
})

test.each([
  [['README.md', 'readme.md'], 'differ in case only'],
  [['src/aux.ts'], 'Windows cannot have a file named "aux.ts"'],
  [['a:b.txt'], 'Windows cannot have a file named "a:b.txt"'],
  [['what?/a.txt'], 'Windows cannot have a file named "what?"'],
  [['ends with a dot.'], 'Windows cannot have a file named "ends with a dot."'],
])('names that Windows cannot have are refused: %j', async (names, message) => {
  await using project = await temporaryProject(Object.fromEntries(names.map((name) => [name, 'text'])))
  await expect(readManifest(project.folder)).rejects.toMatchObject({
    code: 'PROJECT_UNFIT',
    message: expect.stringContaining(message),
  })
})

test('too much is refused with the names of the largest', async () => {
  await using project = await temporaryProject({ 'a.txt': 'one' })
  await mkdir(join(project.folder, 'data'))
  await project.write('data/huge.bin', 'x'.repeat(201 * 1024 * 1024))
  await expect(readManifest(project.folder)).rejects.toThrow(/202 MiB.*at most 200 MiB.*data\/huge.bin \(201 MiB\)/s)
})
