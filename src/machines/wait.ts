import { setTimeout as delay } from 'node:timers/promises'
import { formatDuration } from '../protocol/duration.ts'
import { OsrunError, type OsrunErrorCode } from '../protocol/errors.ts'

/** A wait: what it is for, and the three things that can end it. */
export interface Wait<T> {
  /** What is awaited, for the error: "the agent of machine m3". */
  readonly what: string
  readonly ready: Promise<T>
  /** Resolves with how the other program ended ("QEMU exited with code 1"); never rejects. */
  readonly exit: Promise<string>
  /** Milliseconds. */
  readonly deadline: number
  /** Code of the error where the program ended or the deadline passed. */
  readonly code: OsrunErrorCode
  /** The other program's last words, asked for when the wait fails. */
  readonly lastWords?: () => string
  /** The next step to take, one sentence. */
  readonly next: string
  readonly signal?: AbortSignal | undefined
}

type Outcome<T> = { won: 'ready'; value: T } | { won: 'exit'; how: string } | { won: 'deadline' }

/**
 * Waits until ready, the program's exit, the deadline or the caller's signal, whichever is first.
 * @throws OsrunError of the wait's `code`, naming which of them won and after how long; CANCELED for the signal; and
 * what `ready` itself rejects with
 */
export async function waitFor<T>(wait: Wait<T>): Promise<T> {
  const startedAt = performance.now()
  const over = new AbortController()
  const signal = wait.signal === undefined ? over.signal : AbortSignal.any([over.signal, wait.signal])
  try {
    const outcome = await Promise.race<Outcome<T>>([
      wait.ready.then((value) => ({ won: 'ready', value })),
      wait.exit.then((how) => ({ won: 'exit', how })),
      delay(wait.deadline, { won: 'deadline' } as const, { signal }),
    ])
    if (outcome.won === 'ready') {
      return outcome.value
    }
    throw new OsrunError(wait.code, describe(wait, outcome, performance.now() - startedAt))
  } catch (error) {
    if (wait.signal?.aborted && error instanceof Error && error.name === 'AbortError') {
      throw new OsrunError('CANCELED', `Waiting for ${wait.what} was canceled.`, { cause: wait.signal.reason })
    }
    throw error
  } finally {
    over.abort()
    wait.ready.catch(() => {})
  }
}

function describe<T>(
  wait: Wait<T>,
  outcome: { won: 'exit'; how: string } | { won: 'deadline' },
  elapsed: number,
): string {
  const how = outcome.won === 'exit' ? outcome.how : 'the deadline passed'
  const words = wait.lastWords?.().trim()
  return (
    `${wait.what}: ${how} after ${formatDuration(elapsed)}.` +
    `${words ? `\nIts last words:\n${words.replace(/^/gm, '  ')}` : ''}\n${wait.next}`
  )
}
