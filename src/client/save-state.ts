import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import type { Parameters } from '../protocol/messages.ts'
import type { Connection } from './connection.ts'

/** Milliseconds; the machine room gives up a little earlier, and says why. */
const deadline = 65_000

/**
 * Keeps the state of a machine in which a test has failed. The machine and what runs in it go on.
 * @returns the id for `osrun replay`, or why there is none; it never rejects
 */
export async function saveState(
  connection: Connection | undefined,
  test: Parameters<'save'>,
): Promise<{ readonly id: string } | { readonly none: string }> {
  try {
    if (connection === undefined) {
      throw new OsrunError('NOT_IN_ENVIRONMENT', 'there is no machine')
    }
    return await connection.request('save', test, { deadline })
  } catch (error) {
    return { none: toOsrunError(error).message }
  }
}
