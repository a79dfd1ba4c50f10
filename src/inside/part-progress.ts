import { stripVTControlCharacters } from 'node:util'

/** A line of Vitest's default reporter about a file that is done. */
const fileLine = /^\s*([✓❯×↓]\s+.*\(\d+ tests?\b.*)$/

/** Keeps what a part of a suite says, and tells which of its files are done, as soon as it says so. */
export class PartProgress {
  readonly #tell: (line: string) => void
  #text = ''
  #line = ''

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  take(piece: string): void {
    this.#text += piece
    const lines = (this.#line + piece).split(/\r?\n/)
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      const [, about] = fileLine.exec(stripVTControlCharacters(line)) ?? []
      if (about !== undefined) {
        this.#tell(about.trim())
      }
    }
  }

  /** All that was said, for a person. */
  get text(): string {
    return stripVTControlCharacters(this.#text).trim()
  }
}
