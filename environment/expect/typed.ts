import { expect as base } from 'vitest'
import type { RunResult } from '../../src/client/result.ts'
import type { Screenshot, Win } from '../../src/client/win.ts'
import type { PollOptions } from './poll.ts'
import type { FileOptions } from './to-have-file.ts'
import type { RegistryValue } from './to-have-registry-value.ts'
import type { ScreenOptions } from './to-match-screen.ts'

/** Matchers of a machine. They wait, and are awaited. */
export interface WinMatchers {
  /** The machine has this file, and with `content` that is what it holds. */
  toHaveFile(path: string, options?: FileOptions): Promise<void>
  /**
   * The registry has this value. `name` is empty for a key's default value; `value` may be a matcher such as
   * `expect.stringContaining('1.')`.
   */
  toHaveRegistryValue(key: string, name: string, value?: RegistryValue, options?: PollOptions): Promise<void>
  /** A process of this program runs: `notepad.exe`. */
  toHaveProcess(image: string, options?: PollOptions): Promise<void>
  /** The screen looks as the reference of this name, once it has come to rest. */
  toMatchScreen(name: string, options?: ScreenOptions): Promise<void>
}

/** Matchers of what became of a command. */
export interface ResultMatchers {
  /** The command exited with this code. */
  toExitWith(code: number): void
}

/** Matchers of a screenshot. */
export interface ScreenshotMatchers {
  /** The screenshot looks as the reference of this name. */
  toMatchScreen(name: string, options?: ScreenOptions): Promise<void>
}

type Plain<T> = ReturnType<typeof base<T>>
type With<T, Own> = Own & Omit<Plain<T>, 'not' | 'resolves' | 'rejects'> & Modified<T, Own>
interface Modified<T, Own> {
  readonly not: Own & Plain<T>['not']
  readonly resolves: Awaited_<Own> & Plain<T>['resolves']
  readonly rejects: Awaited_<Own> & Plain<T>['rejects']
}
type Awaited_<Own> = {
  [Name in keyof Own]: Own[Name] extends (...parameters: infer P) => unknown
    ? (...parameters: P) => Promise<void>
    : never
}

interface Typed {
  (actual: Win, message?: string): With<Win, WinMatchers>
  (actual: RunResult<string | Uint8Array>, message?: string): With<RunResult, ResultMatchers>
  (actual: Promise<RunResult<string | Uint8Array>>, message?: string): With<Promise<RunResult>, ResultMatchers>
  (actual: Screenshot, message?: string): With<Screenshot, ScreenshotMatchers>
}

// Vitest 4.1 and 5 declare the interface of matchers differently, so that no one declaration can add to both.
/** `expect` of Vitest, that knows the matchers of osrun. */
export const expect = base as unknown as Typed & { readonly soft: Typed & (typeof base)['soft'] } & typeof base
