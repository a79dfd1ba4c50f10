// What the runner in the guest and its client say to each other. The guest has Node and nothing else: only built-ins.

/** A message: what JSON can say, and bytes beside it. */
export interface Message {
  readonly header: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

const prefixLength = 8
/** A header that is longer is no header. */
const longestHeader = 64 * 1024 * 1024
/** A file that is longer does not travel. */
export const longestBody: number = 256 * 1024 * 1024

const nothing = Buffer.alloc(0)

/** Lengths of header and body (u32 each, little endian), the header as JSON, the body. */
export function encode(header: Readonly<Record<string, unknown>>, body: Uint8Array = nothing): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixLength)
  prefix.writeUInt32LE(json.length, 0)
  prefix.writeUInt32LE(body.length, 4)
  return Buffer.concat([prefix, json, body])
}

/** Makes messages of what a socket brings, in whatever pieces. */
export class Decoder {
  #waiting: Buffer[] = []
  #length = 0

  /** @throws Error where what comes is no message */
  push(piece: Buffer): Message[] {
    const messages: Message[] = []
    this.#waiting.push(piece)
    this.#length += piece.length
    for (;;) {
      if (this.#length < prefixLength) {
        return messages
      }
      const prefix = this.#peek(prefixLength)
      const headerLength = prefix.readUInt32LE(0)
      const bodyLength = prefix.readUInt32LE(4)
      if (headerLength > longestHeader || bodyLength > longestBody) {
        throw new Error(`a message of ${headerLength} and ${bodyLength} bytes`)
      }
      const whole = prefixLength + headerLength + bodyLength
      if (this.#length < whole) {
        return messages
      }
      const bytes = this.#peek(whole)
      this.#drop(whole)
      const header: unknown = JSON.parse(bytes.toString('utf8', prefixLength, prefixLength + headerLength))
      if (typeof header !== 'object' || header === null || Array.isArray(header)) {
        throw new Error('a message whose header is no object')
      }
      messages.push({
        header: header as Record<string, unknown>,
        body: bytes.subarray(prefixLength + headerLength),
      })
    }
  }

  // Joined only when a whole message is there: a large one comes in hundreds of pieces.
  #peek(length: number): Buffer {
    const [first = nothing] = this.#waiting
    if (first.length >= length) {
      return first.subarray(0, length)
    }
    const all = Buffer.concat(this.#waiting)
    this.#waiting = [all]
    return all.subarray(0, length)
  }

  #drop(length: number): void {
    const [first = nothing] = this.#waiting
    this.#waiting[0] = first.subarray(length)
    this.#length -= length
  }
}
