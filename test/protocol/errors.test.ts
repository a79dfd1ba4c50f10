import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { errorCodes, isOsrunError, OsrunError, toOsrunError } from '../../src/protocol/errors.ts'

test('every error code stands in the troubleshooting page, and no other', async () => {
  const page = await readFile('docs/troubleshooting.md', 'utf8')
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1])
  expect(documented.toSorted()).toEqual(Object.keys(errorCodes).toSorted())
})

test('an error of another copy of the package is recognised', () => {
  const other = Object.assign(new Error('gone'), { code: 'CONNECTION_LOST', [Symbol.for('osrun.error.v1')]: true })
  expect(isOsrunError(other)).toBe(true)
  expect(isOsrunError(new Error('gone'))).toBe(false)
  expect(isOsrunError(null)).toBe(false)
})

test('what is no OsrunError is wrapped with its cause, what is one stays the same', () => {
  const cause = new Error('gone')
  expect(toOsrunError(cause, 'CONNECTION_LOST')).toMatchObject({ code: 'CONNECTION_LOST', message: 'gone', cause })
  const own = new OsrunError('CANCELED', 'stop')
  expect(toOsrunError(own)).toBe(own)
  expect(own.blame).toBe('system')
})
