import { execa } from 'execa'
import { expect, test } from 'vitest'
import {
  endedChildrenSeconds,
  pageFaults,
  parseEndedChildrenSeconds,
  parsePageFaults,
} from '../../bench/process-figures.ts'
import { proportionalMiB } from '../../src/machines/proportional-memory.ts'

test('page faults are found whatever the program is called', () => {
  const stat = '4711 (a) R 1 (b) S 1 4711 4711 0 -1 4194560 1520 99 7 0 3 4 0 0 20 0 9 0 100 1000 200'
  expect(parsePageFaults(stat)).toEqual({ minor: 1520, major: 7 })
})

test('a process of this computer has page faults and memory', async () => {
  expect((await pageFaults(process.pid)).minor).toBeGreaterThan(100)
  const memory = process.memoryUsage().rss / 2 ** 20
  expect(await proportionalMiB(process.pid)).toBeGreaterThan(1)
  expect(await proportionalMiB(process.pid)).toBeLessThan(2 * memory)
})

test('the time of ended children is that of user and system, in seconds', () => {
  const stat = '7 (a b) S 1 7 7 0 -1 4194304 10 20 30 40 1 2 250 50 20 0 1'
  expect(parseEndedChildrenSeconds(stat)).toBe(3)
})

test('a child that worked and ended has added to it', async () => {
  const before = await endedChildrenSeconds()
  await execa(process.execPath, ['-e', 'const end = Date.now() + 300; while (Date.now() < end);'])
  expect(await endedChildrenSeconds()).toBeGreaterThan(before)
})
