import { expect, test } from 'vitest'
import { cutLabel } from '../../src/client/label.ts'
import { longestLabel } from '../../src/protocol/messages.ts'

test.each([['test/a.test.ts'], [''], ['a'.repeat(longestLabel)]])('%s stays as it is', (label) => {
  expect(cutLabel(label)).toBe(label)
})

test('of a longer one, beginning and end stay', () => {
  const label = cutLabel(`packages/${'deep/'.repeat(100)}a.test.ts`)
  expect(label).toMatch(/^packages\/deep\/.*…deep.*\/a\.test\.ts$/)
  expect(label.length).toBeLessThanOrEqual(longestLabel)
})

test('no character is cut in two', () => {
  const label = cutLabel('😀'.repeat(500))
  expect(label).toMatch(/^😀+…😀+$/u)
  expect(label.length).toBeLessThanOrEqual(longestLabel)
})
