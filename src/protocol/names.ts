import { OsrunError } from './errors.ts'

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/
// Names become folders, also on file systems that Windows reads.
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/

/** True for a name that a snapshot or a guest may have: lower case letters, digits, `.`, `_` and `-`, at most 64. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value) && !value.includes('..') && !reserved.test(value)
}

/**
 * The name, checked.
 * @throws OsrunError BAD_NAME, which says what is wrong with `field`
 */
export function checkName(field: string, value: unknown): string {
  if (isName(value)) {
    return value
  }
  throw new OsrunError(
    'BAD_NAME',
    `Expected \`${field}\` to be a name of 1 to 64 lower case letters, digits, ".", "_" or "-" that starts with a ` +
      `letter or digit, got ${JSON.stringify(value)?.slice(0, 100)}`,
  )
}
