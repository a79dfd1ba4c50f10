import { OsrunError } from '../protocol/errors.ts'

/** Places for machines, given out in the order in which they were asked for. */
export class Capacity {
  readonly total: number
  #free: number
  readonly #queue: (() => void)[] = []

  constructor(total: number) {
    this.total = total
    this.#free = total
  }

  /** How many wait for a place. */
  get queued(): number {
    return this.#queue.length
  }

  /**
   * Waits for a place.
   * @returns what gives the place back; safe to call twice
   * @throws OsrunError CANCELED; the place in the queue is given up then
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (this.#free > 0) {
      this.#free -= 1
    } else {
      await this.#wait(signal)
    }
    return this.#giver()
  }

  /** A place where one is free and nobody waits for it: for what can do without. */
  tryTake(): (() => void) | undefined {
    if (this.#free === 0) {
      return undefined
    }
    this.#free -= 1
    return this.#giver()
  }

  /** True where the next one who asks has to wait. */
  get full(): boolean {
    return this.#free === 0
  }

  #giver(): () => void {
    let given = false
    return () => {
      if (!given) {
        given = true
        this.#give()
      }
    }
  }

  #wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(turn), 1)
        reject(new OsrunError('CANCELED', 'Waiting for a free machine was canceled.', { cause: signal?.reason }))
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#queue.push(turn)
      if (signal?.aborted) {
        leave()
      }
    })
  }

  #give(): void {
    const next = this.#queue.shift()
    if (next === undefined) {
      this.#free += 1
    } else {
      next()
    }
  }
}

/**
 * How many machines a host carries at once: as many as its memory allows where each uses about half of its RAM for
 * itself, and at most two per core, at least one.
 */
export function defaultCapacity(host: { cores: number; memoryBytes: number }, guestMemoryMiB: number): number {
  const spare = host.memoryBytes - 2 ** 30
  const byMemory = Math.floor(spare / (guestMemoryMiB * 2 ** 19))
  return Math.max(1, Math.min(byMemory, host.cores * 2))
}

/** How many machines wait restored for the next clients: one for each two cores, at least one. */
export function defaultStandbys(cores: number): number {
  return Math.max(1, Math.floor(cores / 2))
}
