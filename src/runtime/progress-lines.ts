import { formatDuration } from '../protocol/duration.ts'
import type { Progress } from '../protocol/messages.ts'

const percentStep = 10
// Milliseconds: a line of the same phase comes no sooner than the first, and no later than the second.
const hurry = 2000
const quietSpell = 15_000
const tick = 5000
// Before so much of a phase is done, and so long after it began, its speed says little.
const enough = { percent: 5, milliseconds: 20_000 }

/**
 * Turns progress into lines that a person can follow, in a terminal as in a log: one for each phase, one for each tenth
 * of it where the percentage is known and time passes, and one now and then while nothing is heard. A phase whose
 * percentage is known and that takes long has the time that is left, by its speed until then.
 */
export class ProgressLines {
  readonly #print: (line: string) => void
  readonly #now: () => number
  readonly #begin: number
  #phase = ''
  #percent = 0
  #phaseAt = 0
  #phasePercent = 0
  #detail = ''
  #printedPercent = 0
  #printedAt: number

  constructor(print: (line: string) => void, now: () => number = () => performance.now()) {
    this.#print = print
    this.#now = now
    this.#begin = now()
    this.#printedAt = this.#begin
  }

  readonly report = ({ phase, percent = 0, detail = '' }: Progress): void => {
    this.#detail = detail
    if (phase !== this.#phase) {
      this.#phase = phase
      this.#percent = percent
      this.#phasePercent = percent
      this.#phaseAt = this.#now()
      this.#say()
      return
    }
    this.#percent = percent
    if (percent >= this.#printedPercent + percentStep && this.#now() - this.#printedAt >= hurry) {
      this.#say()
    }
    this.tick()
  }

  /** Called from time to time: says that a long phase is still under way. */
  readonly tick = (): void => {
    if (this.#phase !== '' && this.#now() - this.#printedAt >= quietSpell) {
      this.#say()
    }
  }

  /** A line of another kind, with the time since the beginning. */
  say(text: string): void {
    this.#printedAt = this.#now()
    this.#print(`osrun: ${text} (${formatDuration(this.#printedAt - this.#begin)})`)
  }

  #say(): void {
    this.#printedPercent = this.#percent
    const percent = this.#percent > 0 ? `${Math.floor(this.#percent)}%` : ''
    // A detail knows the speed of the moment.
    const more = this.#detail === '' && percent !== '' ? this.#left() : this.#detail
    this.say([this.#phase, percent, more].filter((part) => part !== '').join(', '))
  }

  #left(): string {
    const [done, time] = [this.#percent - this.#phasePercent, this.#now() - this.#phaseAt]
    if (done < enough.percent || time < enough.milliseconds || this.#percent >= 100) {
      return ''
    }
    return `about ${formatDuration((time * (100 - this.#percent)) / done)} left`
  }
}

/** Does what takes long, and has it said now and then that it is under way. */
export async function ticking<T>(lines: ProgressLines, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(lines.tick, tick)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
