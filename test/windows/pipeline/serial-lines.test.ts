import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { SerialLines } from '../../../src/windows/pipeline/serial-lines.ts'

let path: string
let serial: SerialLines

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serial '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  path = join(folder, 'serial.log')
  serial = new SerialLines(path)
})

test('a file that is not there yet has no lines', async () => {
  expect(await serial.more()).toEqual([])
})

test('each line comes once, when it is whole, with any line end', async () => {
  await appendFile(path, 'osrun: pe apply begin\r\r\nosrun: pe ap')
  expect(await serial.more()).toEqual(['osrun: pe apply begin'])
  await appendFile(path, 'ply done\n\n')
  expect(await serial.more()).toEqual(['osrun: pe apply done'])
  expect(await serial.more()).toEqual([])
})

test('a bar over a bar is a line of its own, and does not hide the line behind it', async () => {
  await appendFile(path, '\r[=  4.0%  ] \r[== 8.0%  ] ')
  expect(await serial.more()).toEqual(['[=  4.0%  ] '])
  expect(serial.unfinished).toBe('[== 8.0%  ] ')
  await appendFile(path, '\rosrun: pe boot begin\r\n')
  expect(await serial.more()).toEqual(['[== 8.0%  ] ', 'osrun: pe boot begin'])
})

test('what was not ended is a line at the end', async () => {
  await appendFile(path, 'osrun: pe finish done')
  expect(await serial.more()).toEqual([])
  expect(await serial.more(true)).toEqual(['osrun: pe finish done'])
  expect(await serial.more(true)).toEqual([])
})

test('two who ask at once hear each line once, in its order', async () => {
  await appendFile(path, 'osrun: pe finish begin\nosrun: pe finish done')
  const [first, second] = await Promise.all([serial.more(), serial.more(true)])
  expect([first, second]).toEqual([['osrun: pe finish begin'], ['osrun: pe finish done']])
})

test('a guest that never ends its line, and one that says a great deal, take no memory', async () => {
  await appendFile(path, 'x'.repeat(5 * 2 ** 20))
  expect(await serial.more()).toEqual([])
  await appendFile(path, `${'y'.repeat(10)}\n${'z\n'.repeat(2 ** 20)}last\n`)
  const lines = await serial.more()
  expect(lines.at(-1)).toBe('last')
  expect(lines.length).toBeLessThan(40_000)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4096)
})
