import type { ServerHandover } from './handover.ts'
import type { OsrunOptions } from './options.ts'

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

// What is imported only for its declarations is not in the compiled types; what is exported is.
export type { Win } from './global-win.ts'
export type { OsrunOptions, ServerHandover }
