import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isOsrunError } from '../../../src/protocol/errors.ts'
import { findProgram } from '../../../src/runtime/requirements/check.ts'
import { describeContent, recognise } from '../../../src/windows/acquire/recognise.ts'
import { parseWimHeader } from '../../../src/windows/acquire/wim-header.ts'
import { cabinetOf, isoOf, wimOf } from './made-media.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun media '))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function file(name: string, content: Buffer | string): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, content)
  return path
}

const missing = (await Promise.all(['wimlib-imagex', 'genisoimage'].map(findProgram))).includes(undefined)

describe.skipIf(missing)('what the real programs write', () => {
  test('a WIM and an ESD are told apart by how they are packed, whatever they are called', async () => {
    await file('tree/file.txt', 'hello '.repeat(1000))
    const capture = (target: string, ...flags: string[]) =>
      execa('wimlib-imagex', ['capture', join(folder, 'tree'), join(folder, target), 'one', ...flags])
    await capture('really.iso')
    await capture('really.wim', '--solid')
    expect(await recognise(join(folder, 'really.iso'))).toMatchObject({ kind: 'wim', images: 1 })
    expect(await recognise(join(folder, 'really.wim'))).toMatchObject({ kind: 'esd', images: 1 })
  })

  test('a UUP set is a folder with an ESD of three images, whatever it is called', async () => {
    await file('tree/file.txt', 'hello '.repeat(1000))
    const set = join(folder, 'a set')
    await mkdir(set)
    const target = join(set, 'professional_en-us.bin')
    await execa('wimlib-imagex', ['capture', join(folder, 'tree'), target, 'one', '--solid'])
    await execa('wimlib-imagex', ['append', join(folder, 'tree'), target, 'two'])
    await expect(recognise(set)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringContaining('none of which has the 3 images'),
    })
    await execa('wimlib-imagex', ['append', join(folder, 'tree'), target, 'three'])
    expect(await recognise(set)).toEqual({ kind: 'uup', folder: set, files: ['professional_en-us.bin'] })
  })

  test.each([
    ['ISO 9660 and UDF', ['-udf']],
    ['ISO 9660', []],
  ])('an ISO of %s is one, and a cut one is said to be cut', async (_, flags) => {
    await file('tree/file.txt', 'hello '.repeat(50_000))
    const path = join(folder, 'medium.wim')
    await execa('genisoimage', ['-quiet', ...flags, '-o', path, join(folder, 'tree')])
    expect(await recognise(path)).toMatchObject({ kind: 'iso', file: path })
    await execa('truncate', ['--size=-4096', path])
    await expect(recognise(path)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringContaining('it is an ISO that was cut'),
    })
  })
})

test('an ISO of UDF alone is one', async () => {
  expect(await recognise(await file('udf', isoOf({ udf: true })))).toMatchObject({ kind: 'iso' })
})

test.each([
  ['a WIM that was cut', wimOf({ size: 5000 }).subarray(0, 4000), 'it is a WIM that was cut: it has 4000 bytes'],
  ['a part of a split WIM', wimOf({ part: 2, parts: 3 }), 'it is part 2 of a WIM that was split into 3'],
  ['a WIM without an image', wimOf({ images: 0 }), 'it is a WIM without an image'],
  ['nothing', Buffer.alloc(0), 'it is an empty file'],
  ['a cabinet', cabinetOf({ 'a.txt': Buffer.from('a') }), 'it is a cabinet'],
  ['a program', Buffer.from('MZ\x90\0'), 'it is a program for Windows'],
  ['a zip', Buffer.from('PK\x03\x04'), 'it is a zip archive'],
  ['a disk', Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), 'it is a qcow2 disk'],
  ['a page', Buffer.from('\n<!DOCTYPE html><title>Sorry</title>'), 'it is a web page'],
  ['XML', Buffer.from('<?xml version="1.0"?>'), 'it is an XML file'],
  ['text', Buffer.from('version https://git-lfs'), 'it is a text that begins with "version https://git-lfs"'],
  ['bytes', Buffer.from([1, 2, 3]), 'it begins with the bytes 010203'],
])('%s is said to be what it is', async (name, content, words) => {
  const path = await file(`is/${name}`, content)
  await expect(recognise(path)).rejects.toMatchObject({
    code: 'MEDIUM_UNUSABLE',
    message: expect.stringMatching(
      /^Expected .+ to be an ISO, an ESD, a WIM, or a folder with a UUP set of Windows, but it is /,
    ),
  })
  await expect(recognise(path)).rejects.toThrow(words)
})

test('a folder that is none says what it is', async () => {
  await mkdir(join(folder, 'empty'))
  await expect(recognise(join(folder, 'empty'))).rejects.toThrow('it is a folder without files')
  await file('unpacked/sources/install.wim', wimOf())
  await expect(recognise(join(folder, 'unpacked'))).rejects.toThrow(
    `it is a folder with the content of an ISO: give ${join(folder, 'unpacked', 'sources', 'install.wim')}`,
  )
  const inside = await file('around/Win11.iso', isoOf())
  await expect(recognise(join(folder, 'around'))).rejects.toThrow(`it is a folder with an ISO: give ${inside}`)
  await file('other/note.txt', 'hello')
  await expect(recognise(join(folder, 'other'))).rejects.toThrow('with 1 files, and no ESD among them')
  await file('cut/metadata.esd', wimOf({ images: 3, size: 5000 }).subarray(0, 4000))
  await expect(recognise(join(folder, 'cut'))).rejects.toThrow('metadata.esd to be')
})

test('what is not there is said by the system', async () => {
  await expect(recognise(join(folder, 'nowhere'))).rejects.toMatchObject({
    code: 'HOST_FILE_FAILED',
    message: expect.stringContaining('ENOENT'),
  })
  await expect(recognise('/dev/null')).rejects.toThrow('it is neither a file nor a folder')
})

test('no content brings it down', async () => {
  const path = join(folder, 'garbage')
  const head = fc.constantFrom(wimOf({ images: 3 }), isoOf(), isoOf({ udf: true }), Buffer.alloc(0))
  await fc.assert(
    fc.asyncProperty(head, fc.uint8Array({ maxLength: 300 }), fc.nat(70_000), async (base, garbage, at) => {
      const content = Buffer.from(base)
      Buffer.from(garbage).copy(content, at % Math.max(1, content.length))
      parseWimHeader(garbage)
      expect(describeContent(garbage)).not.toBe('')
      await writeFile(path, content)
      await recognise(path).catch((error: unknown) => expect(isOsrunError(error)).toBe(true))
    }),
    { numRuns: 200 },
  )
})
