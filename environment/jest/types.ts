/// <reference types="expect" preserve="true" />
import type { ScreenOptions } from '../expect/compare-screen.ts'
import type { PollOptions } from '../expect/poll.ts'
import type { FileOptions } from '../expect/to-have-file.ts'
import type { RegistryValue } from '../expect/to-have-registry-value.ts'

// What is imported only for its declarations is not in the compiled types; what is exported is.
export type { Win } from '../global-win.ts'

/** The matchers, as Jest declares its own: of whatever is expected. Those of `win` are awaited. */
export interface OsrunMatchers<R> {
  /** The command exited with this code. */
  toExitWith(code: number): R
  /** The machine has this file, and with `content` that is what it holds. */
  toHaveFile(path: string, options?: FileOptions): Promise<R>
  /** The registry has this value. `name` is empty for a key's default value. */
  toHaveRegistryValue(key: string, name: string, value?: RegistryValue, options?: PollOptions): Promise<R>
  /** A process of this program runs: `notepad.exe`. */
  toHaveProcess(image: string, options?: PollOptions): Promise<R>
  /** The screen looks as the reference of this name, once it has come to rest. */
  toMatchScreen(name: string, options?: ScreenOptions): Promise<R>
}

// `expect` of '@jest/globals'.
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends OsrunMatchers<R> {}
}

// `expect` as the global of '@types/jest'.
declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: as '@types/jest' has it, for both are one declaration
    interface Matchers<R, T = {}> extends OsrunMatchers<R> {}
  }
}
