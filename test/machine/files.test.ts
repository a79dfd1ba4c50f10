import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withMachine } from './with-machine.ts'

const given = withMachine('test/machine/files.test.ts')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun files '))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('what is written is what programs read, and what programs write is read', async () => {
  const { win } = given
  await win.writeFile('C:\\made\\by\\us.txt', 'one\r\nЖ漢😀\r\n')
  expect((await win.run('type C:\\made\\by\\us.txt')).stdout).toBe('one\nЖ漢😀')
  await win.run('echo two> C:\\made\\theirs.txt')
  expect(await win.readFile('C:\\made\\theirs.txt', 'utf8')).toBe('two\r\n')
  await win.writeFile('C:\\made\\theirs.txt', '')
  expect(await win.readFile('C:\\made\\theirs.txt')).toEqual(new Uint8Array(0))
})

test('64 MiB of random bytes come back as they went', async () => {
  const { win } = given
  const bytes = randomBytes(64 * 2 ** 20)
  await win.writeFile('C:\\big.bin', bytes)
  expect((await win.stat('C:\\big.bin')).size).toBe(bytes.length)
  expect(digest(await win.readFile('C:\\big.bin'))).toBe(digest(bytes))
  await win.remove('C:\\big.bin')
})

test('a relative path starts where commands start', async () => {
  const { win } = given
  await win.writeFile('relative.txt', 'x')
  const { stdout } = await win.run('cd & type relative.txt')
  expect(stdout).toMatch(/^C:\\.*\nx$/i)
  await win.remove('relative.txt')
})

test('names in every script, blanks, and paths longer than 260 characters', async () => {
  const { win } = given
  for (const name of ['Привет.txt', '漢字.txt', '😀 smile.txt', 'a b.txt', '#%&{}=;,.txt']) {
    await win.writeFile(`C:\\names\\${name}`, name)
    expect(await win.readFile(`C:\\names\\${name}`, 'utf8')).toBe(name)
  }
  expect((await win.readdir('C:\\names')).map(({ name }) => name)).toContain('漢字.txt')
  const deep = `C:\\deep${'\\a folder with a long name'.repeat(14)}\\file.txt`
  expect(deep.length).toBeGreaterThan(300)
  await win.writeFile(deep, 'deep')
  expect(await win.readFile(deep, 'utf8')).toBe('deep')
  await win.remove('C:\\deep')
  expect(await win.exists('C:\\deep')).toBe(false)
})

test('stat and readdir tell types, sizes and times', async () => {
  const { win } = given
  await win.writeFile('C:\\listed\\b.txt', '12345')
  await win.mkdir('C:\\listed\\a\\inner')
  const entries = await win.readdir('C:\\listed')
  expect(entries.map(({ name, type, size }) => ({ name, type, size }))).toEqual([
    { name: 'a', type: 'folder', size: 0 },
    { name: 'b.txt', type: 'file', size: 5 },
  ])
  const now = (await win.clock.now()).getTime()
  const about = await win.stat('C:\\listed\\b.txt')
  expect(about).toMatchObject({ type: 'file', size: 5, readonly: false })
  expect(Math.abs(about.modified.getTime() - now)).toBeLessThan(600_000)
  await win.run('attrib +r C:\\listed\\b.txt')
  expect((await win.stat('C:\\listed\\b.txt')).readonly).toBe(true)
  await win.remove('C:\\listed')
})

describe('what cannot be done', () => {
  test('names the path and Windows’ own reason', async () => {
    const { win } = given
    await expect(win.readFile('C:\\no\\such.txt')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('C:\\no\\such.txt'),
    })
    await expect(win.readdir('Q:\\')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(win.remove('C:\\no such file')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(win.readFile('C:\\windows')).rejects.toMatchObject({ code: 'FILE_FAILED' })
    await expect(win.writeFile('C:\\windows', 'x')).rejects.toMatchObject({ code: 'FILE_FAILED' })
    await expect(win.readFile('NUL')).rejects.toMatchObject({ code: 'FILE_FAILED' })
    await expect(win.readdir('C:\\windows\\win.ini')).rejects.toMatchObject({ code: 'FILE_FAILED' })
  })

  test('leaves no half of a file behind', async () => {
    const { win } = given
    const broken = join(folder, 'a folder')
    await mkdir(broken)
    await win.mkdir('C:\\half')
    await win.writeFile('C:\\half\\kept.txt', 'before')
    await expect(win.upload(join(broken, 'missing'), 'C:\\half\\kept.txt')).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
    })
    expect(await win.readFile('C:\\half\\kept.txt', 'utf8')).toBe('before')
    expect(await win.readdir('C:\\half')).toHaveLength(1)
  })
})

test('a folder goes in and comes out again, with links followed, empty folders and times', async () => {
  const { win } = given
  const there = join(folder, 'there')
  await mkdir(join(there, 'sub folder/empty'), { recursive: true })
  await writeFile(join(there, 'a.txt'), 'first')
  await writeFile(join(there, 'sub folder/Ж.bin'), randomBytes(300_000))
  await symlink('a.txt', join(there, 'link.txt'))
  await utimes(join(there, 'a.txt'), 1_000_000_000, 1_000_000_000)
  await win.upload(there, 'C:\\copied')
  expect((await win.run('dir /s /b C:\\copied')).stdout.split('\n')).toHaveLength(5)
  expect((await win.stat('C:\\copied\\a.txt')).modified).toEqual(new Date(1_000_000_000_000))

  const back = join(folder, 'back')
  await win.download('C:\\copied', back)
  expect((await readdir(back, { recursive: true })).sort()).toEqual(
    ['a.txt', 'link.txt', 'sub folder', 'sub folder/empty', 'sub folder/Ж.bin'].sort(),
  )
  for (const name of ['a.txt', 'sub folder/Ж.bin']) {
    expect(digest(await readFile(join(back, name)))).toBe(digest(await readFile(join(there, name))))
  }
  expect((await stat(join(back, 'a.txt'))).mtimeMs).toBe(1_000_000_000_000)
})

test('many small files travel at the same time', async () => {
  const { win } = given
  const many = join(folder, 'many')
  await mkdir(many)
  const names = Array.from({ length: 200 }, (_, index) => `file ${index}.txt`)
  await Promise.all(names.map((name) => writeFile(join(many, name), name)))
  await win.upload(many, 'C:\\many')
  expect(await win.readdir('C:\\many')).toHaveLength(200)
  expect(await win.readFile('C:\\many\\file 117.txt', 'utf8')).toBe('file 117.txt')
  await win.remove('C:\\many')
})
