import { isOsrunError, OsrunError, toOsrunError } from '../protocol/errors.ts'

/** Where the user's code called: stack frames, without the error's own line. */
export type CallSite = string

/**
 * The frames above `entry`, the public function that the user called. Errors of a command arrive later, inside a
 * websocket's callback; with these frames a test runner's code frame points at the line of the test.
 */
export function callSite(entry: (...parameters: never[]) => unknown): CallSite {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, entry)
  return holder.stack?.split('\n').slice(1).join('\n') ?? ''
}

/** Gives `error` the stack of the call. */
export function moveTo<E extends Error>(site: CallSite, error: E): E {
  error.stack = `${error.name}: ${error.message}\n${site}`
  return error
}

/** The same failure as an error of its own, at the call: one lost connection ends many calls. */
export function failureAt(site: CallSite, error: OsrunError): OsrunError {
  const options = error.cause === undefined ? undefined : { cause: error.cause }
  return moveTo(site, new OsrunError(error.code, error.message, options))
}

/** Runs `work`; an OsrunError of it is thrown at the call. Other errors are somebody else's, and stay as they are. */
export async function atSite<T>(site: CallSite, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isOsrunError(error) ? failureAt(site, error) : error
  }
}

/** The same for what is done at once; any error becomes an OsrunError. */
export function atSiteSync<T>(site: CallSite, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw failureAt(site, toOsrunError(error))
  }
}
