import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashOf, readContext } from '../../../src/runtime/docker/context.ts'
import { packTar } from '../../../src/runtime/docker/tar.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun context '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('the context is what the image is made of, and nothing else', async () => {
  await put('docker/Dockerfile', 'docker/wine/files/etc/hosts', 'dist/src/cli/main.js', 'package.json')
  const { tag } = await readContext(folder)
  await put('README.md', 'node_modules/ws/index.js', 'docker/agent/build/osrun-agent.exe', 'docker/agent/test/a.c')
  await put('dist/src/cli/main.d.ts', 'dist/environment/setup.js')
  const context = await readContext(folder)
  expect([...context.files.keys()]).toEqual([
    'dist/src/cli/main.js',
    'docker/Dockerfile',
    'docker/wine/files/etc/hosts',
    'package.json',
  ])
  expect(context.tag).toBe(tag)
  expect(tag).toMatch(/^osrun:[0-9a-f]{16}$/)
})

test('a package that was not built is told', async () => {
  await put('package.json')
  await expect(readContext(folder)).rejects.toMatchObject({
    code: 'DOCKER_BUILD_FAILED',
    message: expect.stringContaining('npm run build'),
  })
})

const some = { a: 'one', b: 'two' }
test.for<[string, Record<string, string>, boolean]>([
  ['the same in another order', { b: 'two', a: 'one' }, true],
  ['another content', { a: 'one', b: 'three' }, false],
  ['another name', { a: 'one', c: 'two' }, false],
  ['one file less', { a: 'one' }, false],
  ['the same bytes cut elsewhere', { a: 'onet', b: 'wo' }, false],
])('the hash of %s', ([, files, same]) => {
  expect(hashOf(contents(files)) === hashOf(contents(some))).toBe(same)
})

test('tar reads the archive: long paths, empty files and bytes', async () => {
  const deep = `docker/${'folder of some length/'.repeat(6)}file`
  const files = { 'a b': 'text', empty: '', [deep]: 'x'.repeat(1000), 'größe.txt': 'ü' }
  await writeFile(join(folder, 'context.tar'), packTar(contents(files)))
  const listed = await execa('tar', ['-tvf', 'context.tar'], { cwd: folder, lines: true, env: { LC_ALL: 'C.UTF-8' } })
  expect(listed.stdout.map((line) => line.replace(/ +/g, ' ').split(' ')[0])).toEqual(Array(4).fill('-rw-r--r--'))
  for (const [path, text] of Object.entries(files)) {
    const { stdout } = await execa('tar', ['-xOf', 'context.tar', path], { cwd: folder, stripFinalNewline: false })
    expect(stdout).toBe(text)
  }
})

test('a path that tar cannot hold is refused', () => {
  expect(() => packTar(contents({ [`${'x'.repeat(101)}`]: '' }))).toThrow(/too long for a tar archive/)
})

function contents(files: Record<string, string>): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]))
}

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), path)
  }
}
