import { OsrunError } from '../protocol/errors.ts'
import type { OpenDialog } from './dialog-watch.ts'
import type { GuestProcess, ProcessEnd } from './process.ts'

/** Why we ended a command ourselves. */
export type Cut =
  | { readonly why: 'timeout' | 'maxBuffer' | 'kill' }
  | { readonly why: 'signal'; readonly signal: AbortSignal }
  | { readonly why: 'listener'; readonly error: unknown }
  | { readonly why: 'dialog'; readonly dialog: OpenDialog }

// TCG included: the agent answers a KILL as soon as the tree is gone.
const killDeadline = 60_000

/** Waits for a command's end, and brings it about where the command may not go on. */
export class Cutter {
  readonly #made = Promise.withResolvers<void>()
  readonly #stops: (() => void)[] = []
  #stopped = false
  made: Cut | undefined

  /**
   * Starts to watch.
   * @param timeout milliseconds; 0 for none
   */
  constructor(timeout: number, signals: readonly AbortSignal[]) {
    if (timeout > 0) {
      const timer = setTimeout(() => this.make({ why: 'timeout' }), timeout)
      this.#stops.push(() => clearTimeout(timer))
    }
    for (const signal of signals) {
      const onAbort = () => this.make({ why: 'signal', signal })
      signal.addEventListener('abort', onAbort, { once: true })
      this.#stops.push(() => signal.removeEventListener('abort', onAbort))
      if (signal.aborted) {
        onAbort()
      }
    }
  }

  make(cut: Cut): void {
    if (this.made === undefined) {
      this.made = cut
      this.#made.resolve()
    }
  }

  /** Waits for `ready` or for a cut, whichever is first. */
  async before(ready: Promise<void>): Promise<void> {
    await Promise.race([ready, this.#made.promise])
  }

  /** Waits for the end of the process; after a cut it is killed. */
  async end(process: GuestProcess): Promise<ProcessEnd> {
    this.#made.promise.then(() => {
      if (this.#stopped) {
        return
      }
      process.kill()
      const timer = setTimeout(() => process.abandon(deaf()), killDeadline)
      this.#stops.push(() => clearTimeout(timer))
    })
    return process.ended
  }

  /** Nothing is watched any more. */
  stop(): void {
    this.#stopped = true
    for (const each of this.#stops.splice(0)) {
      each()
    }
  }
}

function deaf(): OsrunError {
  return new OsrunError(
    'MACHINE_UNRESPONSIVE',
    `The guest did not end a command within ${killDeadline / 1000} seconds after it was told to; restore the machine`,
  )
}
