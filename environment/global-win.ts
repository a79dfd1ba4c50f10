import type { Win } from '../src/client/win.ts'

declare global {
  /** The test file's machine, where the environment is osrun. */
  var win: Win
}

export type { Win }
