import { expect, test } from 'vitest'
import { formatDuration } from '../../src/protocol/duration.ts'

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min 00 s'],
  [3_725_000, '62 min 05 s'],
])('%d milliseconds read as %s', (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected)
})
