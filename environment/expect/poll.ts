import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import type { Win } from '../../src/client/win.ts'
import { OsrunError } from '../../src/protocol/errors.ts'

/** How long a matcher waits for what it expects. The names are those of `expect.poll`. */
export interface PollOptions {
  /** Milliseconds; 0 looks once, and more twice at least, however slow the machine is. Default 10,000. */
  readonly timeout?: number
  /** Milliseconds between two looks. Default 250. */
  readonly interval?: number
}

/** What a matcher gives back to Vitest. Of `actual` and `expected` Vitest shows the difference. */
export interface MatcherOutcome {
  readonly pass: boolean
  message(): string
  readonly actual?: unknown
  readonly expected?: unknown
}

/** The part of a matcher's `this` that ours use; Vitest and Jest have it alike. */
export interface MatcherThis {
  /** Undefined without `.not`, whatever the types of Vitest say. */
  readonly isNot: boolean | undefined
  readonly equals: (a: unknown, b: unknown) => boolean
}

const milliseconds = v.optional(v.pipe(v.number('milliseconds'), v.minValue(0, 'milliseconds from 0 on')))

/** Milliseconds. */
export const defaultTimeout = 10_000
export const defaultInterval = 250

/** The shape of `PollOptions`. */
export const pollEntries = { timeout: milliseconds, interval: milliseconds }

/**
 * Looks again and again: what Windows was told to do, it often does a moment later.
 * @param isDone what was seen is what is expected, with `.not` as without
 * @returns what was seen last
 */
export async function poll<T>(
  look: () => Promise<T>,
  isDone: (seen: T) => boolean,
  { timeout = defaultTimeout, interval = defaultInterval }: PollOptions,
): Promise<T> {
  const end = performance.now() + timeout
  for (let looks = 1; ; looks += 1) {
    const seen = await look()
    const late = performance.now() + interval > end
    if (isDone(seen) || (late && (looks > 1 || timeout === 0))) {
      return seen
    }
    await sleep(interval)
  }
}

/** What a matcher's `pass` is to be for the assertion to hold. */
export function wanted({ isNot }: MatcherThis): boolean {
  return isNot !== true
}

/** By its shape: it may come of another copy of this package. */
export function isWin(value: unknown): value is Win {
  return typeof value === 'object' && value !== null && 'run' in value && 'viewerUrl' in value
}

/** @throws OsrunError BAD_OPTION where `value` is no machine */
export function checkWin(value: unknown, matcher: string): Win {
  if (isWin(value)) {
    return value
  }
  throw notExpected(matcher, 'the machine: `expect(win)`', value)
}

/** What stands in `expect(...)` is not what the matcher is for. */
export function notExpected(matcher: string, expected: string, value: unknown): OsrunError {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
  return new OsrunError('BAD_OPTION', `\`${matcher}\` expects ${expected}, got ${got}`)
}
