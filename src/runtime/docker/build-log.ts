import { stripVTControlCharacters } from 'node:util'
import type { Progress } from '../../protocol/messages.ts'

/** One event of the engine's answer to a build, as far as it is looked at. */
export interface BuildEvent {
  /** Output of the build: of the builder itself, or of the step it runs. */
  readonly stream?: string
  /** The failure of the build; the answer itself has status 200 all the same. */
  readonly error?: string
  /** What happens to an image that is pulled. */
  readonly status?: string
}

/** Reads the events of a build: where it is, what was said last, and whether it failed. */
export class BuildLog {
  #step = { place: 'image', percent: 0, words: '' }
  #stage = 'server'
  #partial = ''
  readonly #lines: string[] = []
  /** The engine's word on the failure, once there is one. */
  error: string | undefined

  /** Takes the next event. @returns the progress that it means, if any */
  add(event: BuildEvent): Progress | undefined {
    if (event.error !== undefined) {
      this.error = event.error.trim()
    }
    if (event.status?.startsWith('Pulling from ') === true) {
      return this.#progress('pulling the base image')
    }
    return event.stream === undefined ? undefined : this.#addOutput(event.stream)
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
    for (const line of lines.filter((each) => each.trim() !== '')) {
      progress = this.#read(line) ?? progress
      if (!bookkeeping.test(line)) {
        this.#lines.push(line.slice(0, maxLine))
      }
    }
    this.#lines.splice(0, this.#lines.length - maxLines)
    return progress
  }

  #read(line: string): Progress | undefined {
    const [, number, count, words = ''] = /^Step (\d+)\/(\d+) : (.*)$/.exec(line) ?? []
    if (number !== undefined) {
      if (words.startsWith('FROM ')) {
        this.#stage = / AS (\S+)$/i.exec(words)?.[1] ?? 'server'
      }
      const percent = Math.floor((100 * (Number(number) - 1)) / Number(count))
      this.#step = { place: `image: step ${number}/${count}, ${this.#stage}`, percent, words }
      return undefined
    }
    // Only what runs is told: most other steps are over at once, and a cached one is not even begun.
    const { words: instruction } = this.#step
    if (line.startsWith(' ---> Running in ') && instruction.startsWith('RUN ')) {
      return this.#progress(shorten(instruction.slice('RUN '.length)))
    }
    const recipe = /^osrun-progress (?:\d{1,3}|-) (.+)$/.exec(line)
    return recipe?.[1] === undefined ? undefined : this.#progress(recipe[1])
  }

  #progress(what: string): Progress {
    const { place, percent } = this.#step
    return { phase: `${place}: ${what}`, percent }
  }
}

/** What the builder says of its own containers and layers. */
const bookkeeping = /^(Removing intermediate container | ---> )/
const maxLine = 2000
const maxLines = 100

function shorten(words: string): string {
  const text = words.replace(/\s+/g, ' ').trim()
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}
