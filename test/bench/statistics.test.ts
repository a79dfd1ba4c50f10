import { expect, test } from 'vitest'
import { summarize } from '../../bench/statistics.ts'

test.each([
  { values: [7], expected: { median: 7, p95: 7, p99: 7, count: 1 } },
  { values: [3, 1, 2], expected: { median: 2, p95: 3, p99: 3, count: 3 } },
  { values: [4, 1, 3, 2], expected: { median: 2, p95: 4, p99: 4, count: 4 } },
  { values: [9, 10, 100], expected: { median: 10, p95: 100, p99: 100, count: 3 } },
])('$values are summarized as $expected', ({ values, expected }) => {
  expect(summarize(values)).toEqual(expected)
})

test('of a hundred values the percentiles are the values of that place, and the order does not matter', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(summarize(values)).toEqual({ median: 50, p95: 95, p99: 99, count: 100 })
})

test('the values stay as they are', () => {
  const values = [2, 1]
  summarize(values)
  expect(values).toEqual([2, 1])
})
