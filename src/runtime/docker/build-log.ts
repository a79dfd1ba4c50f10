import { stripVTControlCharacters } from 'node:util'
import type { Progress } from '../../protocol/messages.ts'

/** One event of the engine's answer to a build, as far as it is looked at. */
export interface BuildEvent {
  /** Output of the build: of the builder itself, or of the step it runs. */
  readonly stream?: string
  /** The failure of the build; the answer itself has status 200 all the same. */
  readonly error?: string
  /** What happens to a layer of an image that is pulled. */
  readonly status?: string
  readonly id?: string
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

/** Reads the events of a build: where it is, what was said last, and whether it failed. */
export class BuildLog {
  #step = 'image'
  #stage = ''
  #percent = 0
  #partial = ''
  readonly #lines: string[] = []
  /** The engine's word on the failure, once there is one. */
  error: string | undefined

  /** Takes the next event. @returns the progress that it means, if any */
  add(event: BuildEvent): Progress | undefined {
    if (event.error !== undefined) {
      this.error = event.error.trim()
      return undefined
    }
    if (event.stream !== undefined) {
      return this.#addOutput(event.stream)
    }
    if (event.status?.startsWith('Pulling from') === true) {
      return { phase: `${this.#step}: pulling`, percent: this.#percent }
    }
    return undefined
  }

  /** The end of the output, one string per line. */
  lastLines(count: number): string[] {
    return [...this.#lines, ...(this.#partial === '' ? [] : [this.#partial])].slice(-count)
  }

  // An event ends anywhere in a line.
  #addOutput(text: string): Progress | undefined {
    const lines = (this.#partial + stripVTControlCharacters(text)).split(/\r?\n|\r/)
    this.#partial = (lines.pop() ?? '').slice(-maxLine)
    let progress: Progress | undefined
    for (const line of lines.filter((each) => each.trim() !== '' && !bookkeeping.test(each))) {
      this.#lines.push(line.slice(0, maxLine))
      progress = this.#progressOf(line) ?? progress
    }
    this.#lines.splice(0, this.#lines.length - maxLines)
    return progress
  }

  #progressOf(line: string): Progress | undefined {
    const step = /^Step (\d+)\/(\d+) : (.*)$/.exec(line)
    if (step !== null) {
      const [, number, count, words = ''] = step
      this.#stage = /^FROM \S+(?: AS (\S+))?$/i.exec(words)?.[1] ?? (words.startsWith('FROM ') ? 'server' : this.#stage)
      this.#step = `image: step ${number}/${count}${this.#stage === '' ? '' : ` (${this.#stage})`}`
      this.#percent = Math.floor((100 * (Number(number) - 1)) / Number(count))
      return { phase: `${this.#step} ${shorten(words)}`, percent: this.#percent }
    }
    const recipe = /^osrun-progress (?:\d{1,3}|-) (.+)$/.exec(line)
    return recipe === null ? undefined : { phase: `${this.#step}: ${recipe[1]}`, percent: this.#percent }
  }
}

/** What the builder says of its own containers and layers. */
const bookkeeping = /^(Removing intermediate container| ---> )/
const maxLine = 2000
const maxLines = 100

function shorten(words: string): string {
  const text = words.replace(/\s+/g, ' ')
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}
