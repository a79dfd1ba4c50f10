import type { Writable } from 'node:stream'
import { OsrunError } from '../../protocol/errors.ts'
import { onEndingSignal } from '../signals.ts'

/** How a command says what it has to say. */
export interface Output {
  /** For a program to read. */
  readonly json?: boolean | undefined
  /** Default: the process's. */
  readonly stdout?: Writable | undefined
  readonly stderr?: Writable | undefined
}

/**
 * Runs `work` with a signal that Ctrl-C or a request to end aborts, so that it can remove what it has half done; a
 * second one ends the process at once.
 * @throws OsrunError CANCELED where it was
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = onEndingSignal(() => controller.abort())
  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted ? new OsrunError('CANCELED', 'Interrupted.', { cause: error }) : error
  } finally {
    stop()
  }
}
