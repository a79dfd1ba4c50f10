import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

const longestLine = 4096
const piece = 64 * 1024

/** The lines that a growing file has gained since it was last asked: QEMU writes what a guest says on a serial port. */
export class SerialLines {
  readonly #path: string
  readonly #decoder = new StringDecoder('latin1')
  #offset = 0
  #rest = ''
  #before: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** What was said since the last line end. */
  get unfinished(): string {
    return this.#rest
  }

  /**
   * Who asks while another is answered gets what comes after that.
   * @param last true takes what has no line end yet as a line
   */
  more(last = false): Promise<string[]> {
    const lines = this.#before.then(() => this.#more(last))
    this.#before = lines.catch(() => {})
    return lines
  }

  async #more(last: boolean): Promise<string[]> {
    this.#rest += await this.#read()
    // A progress bar is written over by the next one, after a carriage return alone.
    const lines = this.#rest.split(/[\r\n]+/)
    this.#rest = last ? '' : (lines.pop() ?? '').slice(-longestLine)
    return lines.filter((line) => line !== '').map((line) => line.slice(0, longestLine))
  }

  async #read(): Promise<string> {
    const file = await open(this.#path, 'r').catch(() => undefined)
    if (file === undefined) {
      return ''
    }
    try {
      let text = ''
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(piece), 0, piece, this.#offset)
        if (bytesRead === 0) {
          return text
        }
        this.#offset += bytesRead
        // A guest that never ends its line gets no more memory for it.
        text = (text + this.#decoder.write(buffer.subarray(0, bytesRead))).slice(-piece)
      }
    } finally {
      await file.close()
    }
  }
}
