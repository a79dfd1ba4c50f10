import type { Win } from '../src/client/win.ts'
import type { ServerHandover } from './handover.ts'
import type { OsrunOptions } from './options.ts'

declare global {
  /** The test file's machine, where the environment is osrun. */
  var win: Win
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's machine room. */
    osrun: ServerHandover
  }
}

declare module 'vitest/node' {
  interface EnvironmentOptions {
    osrun?: OsrunOptions
  }
}

export type { OsrunOptions, ServerHandover }
