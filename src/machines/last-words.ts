/** Keeps the end of what a program said: at most `limit` characters. */
export class LastWords {
  #text = ''
  readonly #limit: number

  constructor(limit = 4000) {
    this.#limit = limit
  }

  /** Takes the next piece of the program's output. */
  readonly add = (piece: Uint8Array | string): void => {
    const text = typeof piece === 'string' ? piece : new TextDecoder().decode(piece)
    this.#text = (this.#text + text).slice(-this.#limit)
  }

  /** The end of the output, with control characters (a guest's terminal escapes) removed. */
  toString(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
    return this.#text.replace(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
  }
}
