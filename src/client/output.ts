/** What a command wrote to one channel, up to a limit. */
export class Output {
  readonly #limit: number
  readonly #hear: ((bytes: Uint8Array) => void) | undefined
  #bytes = new Uint8Array(0)
  #length = 0

  /** `limit` in bytes; `hear` is called with each piece that is kept. */
  constructor(limit: number, hear?: (bytes: Uint8Array) => void) {
    this.#limit = limit
    this.#hear = hear
  }

  /** Keeps the piece, or its beginning; false when it did not fit. */
  add(piece: Uint8Array): boolean {
    const kept = piece.subarray(0, this.#limit - this.#length)
    this.#reserve(this.#length + kept.length)
    this.#bytes.set(kept, this.#length)
    this.#length += kept.length
    if (kept.length > 0) {
      this.#hear?.(kept)
    }
    return kept.length === piece.length
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** As a test reads it: `\n` ends a line, and the last line's end is left out. */
  get text(): string {
    const text = unixLines(new TextDecoder().decode(this.bytes))
    return text.endsWith('\n') ? text.slice(0, -1) : text
  }

  // One buffer that doubles: a guest that writes single bytes must not cost an object for each.
  #reserve(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(length, this.#bytes.length * 2, 1024), this.#limit))
      larger.set(this.bytes)
      this.#bytes = larger
    }
  }
}

/** Calls `hear` with text whose line ends are `\n`, whatever the pieces in which the bytes come. */
export function textPieces(hear: (text: string) => void): { add(bytes: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder()
  let held = ''
  const say = (text: string) => text !== '' && hear(text)
  return {
    add(bytes) {
      const text = held + decoder.decode(bytes, { stream: true })
      held = text.endsWith('\r') ? '\r' : ''
      say(unixLines(text.slice(0, text.length - held.length)))
    },
    end() {
      say(unixLines(held + decoder.decode()))
      held = ''
    },
  }
}

function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n')
}
