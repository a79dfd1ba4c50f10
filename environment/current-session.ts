import { OsrunError } from '../src/protocol/errors.ts'
import { type Session, sessionKey } from './session.ts'

/** The session of the test file that runs here, or undefined outside of the osrun environment. */
export function findSession(): Session | undefined {
  return (globalThis as { [sessionKey]?: Session })[sessionKey]
}

/** @throws OsrunError NOT_IN_ENVIRONMENT */
export function currentSession(): Session {
  const session = findSession()
  if (session === undefined) {
    throw new OsrunError(
      'NOT_IN_ENVIRONMENT',
      'This test file does not run in the osrun environment, so it has no `win`: put `// @vitest-environment osrun` on ' +
        'top of it, or `environment: "osrun"` into the config',
    )
  }
  return session
}
