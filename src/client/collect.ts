import { Output, textPieces } from './output.ts'
import type { RunOptions } from './run-options.ts'

/** One output channel of a command, as its options want it. */
export interface Collector {
  /** False when the piece did not fit. */
  add(bytes: Uint8Array): boolean
  /** What was kept so far. */
  readonly bytes: Uint8Array
  /** Ends the channel, and gives the result's field. */
  end(): string | Uint8Array
}

export const defaultMaxBuffer = 100_000_000

/**
 * Keeps what comes up to `maxBuffer`, unless `buffer` is false, and tells it to `hear`.
 * @param hear the option `onStdout` or `onStderr`
 */
export function collector(
  { encoding, maxBuffer = defaultMaxBuffer, buffer = true }: RunOptions & { readonly buffer?: boolean },
  hear: RunOptions['onStdout'],
): Collector {
  const pieces = encoding === 'buffer' ? hear && { add: hear, end: () => {} } : hear && textPieces(hear)
  const output = new Output(maxBuffer, (bytes) => pieces?.add(bytes))
  return {
    add(bytes) {
      if (buffer) {
        return output.add(bytes)
      }
      pieces?.add(bytes)
      return true
    },
    get bytes() {
      return output.bytes
    },
    end() {
      pieces?.end()
      return encoding === 'buffer' ? output.bytes : output.text
    },
  }
}
