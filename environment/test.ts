/** Vitest's `test` with a machine: `test('…', async ({ win }) => { … })`. */
import { test as base, expect } from 'vitest'
import type { Win } from '../src/client/win.ts'
import { currentSession } from './current-session.ts'

export {
  afterAll,
  afterEach,
  aroundAll,
  aroundEach,
  beforeAll,
  beforeEach,
  describe,
  onTestFailed,
  onTestFinished,
  suite,
} from 'vitest'
export type { RunResult, Screenshot, SnapshotInfo, Win } from '../src/client/index.ts'
export { isOsrunError, isWinCommandError, OsrunError, WinCommandError } from '../src/client/index.ts'

export type { ResultMatchers, ScreenshotMatchers, WinMatchers } from './expect/typed.ts'
export { expect } from './expect/typed.ts'

/**
 * `test` of Vitest with the fixture `win`: the test file's machine. It is fresh when the file begins; tests of one file
 * share it, unless the option `isolate` is `'test'`.
 */
export const test = base.extend('win', { scope: 'file' }, (): Promise<Win> => {
  return currentSession().forFile(expect.getState().testPath ?? '')
})

/** The same as `test`. */
export const it = test
