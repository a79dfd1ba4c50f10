import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseReport } from '../../src/windows/report.ts'

test.each([
  ['osrun: pe apply begin', { stage: 'pe', step: 'apply', state: 'begin' }],
  ['osrun: specialize finish done\r\n', { stage: 'specialize', step: 'finish', state: 'done' }],
  ['osrun: pe apply percent 42.5', { stage: 'pe', step: 'apply', state: 'percent', percent: 42.5 }],
  ['osrun: logon apps failed no such app ', { stage: 'logon', step: 'apps', state: 'failed', why: 'no such app' }],
  ['osrun: logon apps skipped', { stage: 'logon', step: 'apps', state: 'skipped', why: '' }],
])('%j is a report', (line, report) => {
  expect(parseReport(line)).toEqual(report)
})

test.each([
  'osrun: boot apply begin',
  'osrun: pe Apply begin',
  'osrun: pe apply began',
  'osrun: pe apply percent',
  'osrun: pe apply percent 101',
  'osrun: pe apply percent -1',
  'osrun: pe apply percent many',
  ' osrun: pe apply begin',
  'X:\\>echo osrun: pe apply begin',
  '',
])('%j is a person’s', (line) => {
  expect(parseReport(line)).toBeUndefined()
})

test('whatever a guest says is a report of the known form, or none', () => {
  const word = fc.constantFrom('osrun:', 'pe', 'logon', 'apply', 'percent', 'failed', '50', '1e400', 'NaN', '\r', ' ')
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 8 }), (words) => {
      const report = parseReport(words.join(' '))
      if (report?.state === 'percent') {
        expect(report.percent).toBeGreaterThanOrEqual(0)
        expect(report.percent).toBeLessThanOrEqual(100)
      }
    }),
  )
})
