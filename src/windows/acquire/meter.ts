import { formatDuration } from '../../protocol/duration.ts'
import type { Progress } from '../../protocol/messages.ts'
import { formatBytes } from '../../snapshots/room.ts'

const betweenReports = 500
/** Milliseconds over which the rate is taken: a moment's standstill does not upset it, and a change is seen soon. */
const window = 15_000

/** Counts bytes of one phase, and says from time to time how far it is. */
export class Meter {
  readonly #phase: string
  readonly #report: (progress: Progress) => void
  readonly #now: () => number
  readonly #samples: { at: number; moved: number }[] = []
  #total: number | undefined
  #done = 0
  #moved = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(phase: string, report: (progress: Progress) => void, now: () => number = () => performance.now()) {
    this.#phase = phase
    this.#report = report
    this.#now = now
  }

  /** Bytes of it all, once they are known. */
  expect(total: number): void {
    this.#total = total
  }

  /** What is there already, and says nothing of the rate; negative for what was thrown away. */
  skip(bytes: number): void {
    this.#done += bytes
    this.#tell()
  }

  readonly move = (bytes: number): void => {
    this.#done += bytes
    this.#moved += bytes
    this.#tell()
  }

  #tell(): void {
    const now = this.#now()
    if (now - this.#reportedAt < betweenReports) {
      return
    }
    this.#reportedAt = now
    this.#samples.push({ at: now, moved: this.#moved })
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > window) {
      this.#samples.shift()
    }
    this.#report({ phase: this.#phase, ...this.#percent(), detail: this.#detail() })
  }

  #percent(): { percent?: number } {
    return this.#total ? { percent: Math.min(100, (100 * this.#done) / this.#total) } : {}
  }

  #detail(): string {
    const amount = this.#total === undefined ? '' : ` of ${formatBytes(this.#total)}`
    const rate = this.#rate()
    const left = this.#total === undefined || rate <= 0 ? undefined : (1000 * (this.#total - this.#done)) / rate
    return [
      `${formatBytes(this.#done)}${amount}`,
      ...(rate > 0 ? [`${formatBytes(Math.round(rate))}/s`] : []),
      ...(left === undefined ? [] : [`${formatDuration(Math.max(0, left))} left`]),
    ].join(', ')
  }

  /** Bytes a second. */
  #rate(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    return first && last && last.at > first.at ? (1000 * (last.moved - first.moved)) / (last.at - first.at) : 0
  }
}
