import { expect, test } from 'vitest'
import { checkWin, poll, wanted } from '../../../environment/expect/poll.ts'

/** Looks that see 1, 2, 3, …, each after `milliseconds`. */
function counting(milliseconds = 0) {
  let seen = 0
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    seen += 1
    return seen
  }
}

test('a matcher looks until it sees what it waits for', async () => {
  expect(await poll(counting(), (seen) => seen === 3, { interval: 1 })).toBe(3)
})

test('a matcher that never sees it gives what it saw last', async () => {
  expect(await poll(counting(), () => false, { timeout: 30, interval: 1 })).toBeGreaterThan(2)
  expect(await poll(counting(), () => false, { timeout: 0 })).toBe(1)
})

test('a matcher of a slow machine looks twice at least', async () => {
  expect(await poll(counting(50), () => false, { timeout: 10, interval: 1 })).toBe(2)
})

test('without `.not` a matcher waits to hold, whether Vitest says false or nothing', () => {
  const equals = () => true
  expect(wanted({ isNot: undefined, equals })).toBe(true)
  expect(wanted({ isNot: false, equals })).toBe(true)
  expect(wanted({ isNot: true, equals })).toBe(false)
})

test.each([
  [5, 'number'],
  [null, 'null'],
  [[], 'an array'],
  [{ run: () => {} }, 'object'],
])('%j is no machine', (value, got) => {
  expect(() => checkWin(value, 'toHaveFile')).toThrow(`\`toHaveFile\` expects the machine: \`expect(win)\`, got ${got}`)
})
