import { setTimeout as sleep } from 'node:timers/promises'
import type { Area, Comparison, Picture } from './picture.ts'
import { defaultInterval, defaultTimeout } from './poll.ts'

/** How looking at a screen ended. */
export type Ended =
  | ({ readonly kind: 'same' | 'other'; readonly png: Uint8Array } & Comparison)
  /** It never stood still. `after` in milliseconds. */
  | { readonly kind: 'restless'; readonly after: number }

/** A screen that can be looked at. */
export interface ScreenSource {
  look(): Promise<Uint8Array>
  /** Another look may show something else. */
  readonly changes: boolean
}

export interface SettleOptions {
  readonly threshold: number
  readonly masks: readonly Area[]
  readonly allowedMismatchedPixels: number
  /** Milliseconds; default 10,000. */
  readonly timeout?: number | undefined
  /** Milliseconds; default 250. */
  readonly interval?: number | undefined
}

/**
 * Looks until the screen is as expected. Where it is not by the end, or nothing is expected, the picture at which it came
 * to rest counts: two looks in a row that show the same.
 */
export async function settle(
  { look, changes }: ScreenSource,
  expected: Uint8Array | undefined,
  { threshold, masks, allowedMismatchedPixels, timeout = defaultTimeout, interval = defaultInterval }: SettleOptions,
): Promise<Ended> {
  // Most test files have no use for it.
  const { compare, decode } = await import('./picture.ts')
  const reference = expected && decode(expected)
  const likeness = (a: Picture, b: Picture) => compare(a, b, threshold, masks)
  const begin = performance.now()
  let before: Picture | undefined
  for (;;) {
    const png = await look()
    const picture = decode(png)
    const comparison = reference === undefined ? none : likeness(picture, reference)
    if (reference !== undefined && comparison.pixels <= allowedMismatchedPixels) {
      return { kind: 'same', png, ...comparison }
    }
    const atRest = !changes || (before !== undefined && likeness(picture, before).pixels <= allowedMismatchedPixels)
    const late = performance.now() - begin + interval > timeout
    if (atRest && (reference === undefined || !changes || late)) {
      return { kind: 'other', png, ...comparison }
    }
    if (late && before !== undefined) {
      return { kind: 'restless', after: Math.round(performance.now() - begin) }
    }
    before = picture
    await sleep(interval)
  }
}

const none: Comparison = { pixels: 0, diff: undefined }
