import { randomBytes } from 'node:crypto'
import type { Result } from '../protocol/messages.ts'
import { failureName } from '../snapshots/failure-name.ts'
import { failureBounds, failureLock, makeRoom, removeOldest } from '../snapshots/failures.ts'
import { lock } from '../snapshots/lock.ts'

type SavedState = Result<'save'>

/** States that are saved of one run at most: a run in which everything fails says the same many times. */
const mostInRun = 3
/** Runs that are remembered: one machine room may serve many. */
const mostRuns = 100

/** Saves the states in which tests have failed, within bounds. */
export class FailureStates {
  readonly #cache: string
  readonly #saved = new Map<string, number>()

  constructor(cache: string) {
    this.#cache = cache
  }

  /**
   * Saves one more state of a run, after those that are older have made room for it. Of all machine rooms of this computer
   * one saves at a time.
   * @param bytes what it takes at most
   * @param bake makes the snapshot of that name
   * @returns its id, or why there is none
   * @throws OsrunError DISK_FULL, CANCELED, of `bake`
   */
  async keep(
    run: string,
    bytes: number,
    signal: AbortSignal,
    bake: (name: string) => Promise<unknown>,
  ): Promise<SavedState> {
    const saved = this.#saved.get(run) ?? 0
    if (saved >= mostInRun) {
      return { none: `the states of ${mostInRun} failed tests of this run are kept already` }
    }
    this.#note(run, saved + 1)
    try {
      const unlock = await lock(failureLock(this.#cache), signal)
      try {
        await makeRoom(this.#cache, bytes)
        const id = randomBytes(4).toString('hex')
        await bake(failureName(id))
        // With its disk it may be larger than its memory.
        const removed = await removeOldest(this.#cache, failureBounds)
        return removed.includes(id) ? { none: 'it was larger than all of them may be' } : { id }
      } finally {
        await unlock()
      }
    } catch (error) {
      this.#note(run, (this.#saved.get(run) ?? 1) - 1)
      throw error
    }
  }

  #note(run: string, count: number): void {
    this.#saved.delete(run)
    this.#saved.set(run, count)
    const [oldest] = this.#saved.keys()
    if (this.#saved.size > mostRuns && oldest !== undefined) {
      this.#saved.delete(oldest)
    }
  }
}
