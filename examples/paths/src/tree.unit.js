// Tests of Node's own runner: `node --test src/tree.unit.js` runs them here, and test/windows.test.ts in the guest.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { editLines, isInside, listFiles } from './tree.js'

const folder = mkdtempSync(join(tmpdir(), 'tree-'))

test('lists files the same way everywhere', () => {
  mkdirSync(join(folder, 'list', 'b'), { recursive: true })
  writeFileSync(join(folder, 'list', 'b', 'c.txt'), '')
  writeFileSync(join(folder, 'list', 'a.txt'), '')
  assert.deepEqual(listFiles(join(folder, 'list')), ['a.txt', 'b/c.txt'])
})

test('knows what is inside of a folder', () => {
  assert.equal(isInside(folder, join(folder, 'a')), true)
  assert.equal(isInside(folder, join(folder, '..a')), true)
  assert.equal(isInside(folder, join(folder, '..', 'a')), false)
  assert.equal(isInside(folder, folder), false)
})

test('knows what is inside of a folder, of two drives and in upper case', {
  skip: process.platform !== 'win32',
}, () => {
  assert.equal(isInside('C:\\app', 'D:\\app\\a.txt'), false)
  assert.equal(isInside('C:\\app', 'c:\\APP\\a.txt'), true)
})

test('keeps the line ends that a file has', () => {
  for (const end of ['\n', '\r\n']) {
    const file = join(folder, 'lines.txt')
    writeFileSync(file, `one${end}two${end}`)
    editLines(file, (line) => line.toUpperCase())
    assert.equal(readFileSync(file, 'utf8'), `ONE${end}TWO${end}`)
  }
})
