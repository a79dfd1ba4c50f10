/** The agent's frames, byte for byte: `docs/protocol.md` is their description, `docker/agent/src/frame.c` the other side. */
export const frameType = {
  hello: 0x01,
  error: 0x02,
  exec: 0x03,
  started: 0x04,
  exit: 0x05,
  kill: 0x06,
  closeIn: 0x07,
  resize: 0x08,
  dataIn: 0x10,
  dataOut: 0x11,
  dataErr: 0x12,
  eofOut: 0x13,
  eofErr: 0x14,
  window: 0x15,
  ping: 0x20,
  pong: 0x21,
  quiesce: 0x30,
  quiesced: 0x31,
  clock: 0x32,
  detach: 0x33,
  file: 0x40,
  done: 0x41,
  commit: 0x42,
  connect: 0x43,
  type: 0x44,
} as const

export interface Frame {
  readonly type: number
  readonly stream: number
  readonly payload: Uint8Array
}

export const headerLength = 12
/** Bytes; a longer payload is a protocol error on either side. */
export const maxPayload = 256 * 1024
/** Bytes that the sender of a channel may send before the receiver grants more. */
export const initialWindow = 256 * 1024

export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const empty = new Uint8Array(0)

/** One frame as bytes. @throws FrameError where a field does not fit. */
export function encodeFrame(type: number, stream: number, payload: Uint8Array = empty): Uint8Array {
  if (payload.length > maxPayload) {
    throw new FrameError(`a frame's payload has at most ${maxPayload} bytes, this one has ${payload.length}`)
  }
  const bytes = new Uint8Array(headerLength + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, type)
  view.setUint32(4, stream, true)
  view.setUint32(8, payload.length, true)
  bytes.set(payload, headerLength)
  return bytes
}

/** A frame whose payload is a JSON object. */
export function encodeJsonFrame(type: number, stream: number, value: object): Uint8Array {
  return encodeFrame(type, stream, new TextEncoder().encode(JSON.stringify(value)))
}

/** A grant of `add` more bytes on one channel of a stream: 0 is the command's stdin, 1 its stdout, 2 its stderr. */
export function encodeWindow(stream: number, channel: 0 | 1 | 2, add: number): Uint8Array {
  const payload = new Uint8Array(5)
  payload[0] = channel
  new DataView(payload.buffer).setUint32(1, add, true)
  return encodeFrame(frameType.window, stream, payload)
}

/** The payload of RESIZE. */
export function encodeSize(columns: number, rows: number): Uint8Array {
  const payload = new Uint8Array(4)
  const view = new DataView(payload.buffer)
  view.setUint16(0, columns, true)
  view.setUint16(2, rows, true)
  return payload
}

/** The payload of a WINDOW frame. @throws FrameError */
export function decodeWindow(payload: Uint8Array): { channel: number; add: number } {
  const channel = payload[0]
  if (payload.length !== 5 || channel === undefined || channel > 2) {
    throw new FrameError(`a WINDOW frame has 5 bytes and a channel from 0 to 2, this one has ${payload.length} bytes`)
  }
  return { channel, add: new DataView(payload.buffer, payload.byteOffset).getUint32(1, true) }
}

/** The payload of a control frame. @throws FrameError where it is no JSON object. */
export function decodeJson(payload: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw new FrameError('a control frame holds no valid JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FrameError('a control frame holds JSON that is no object')
  }
  return value as Record<string, unknown>
}

/**
 * Turns a byte stream, in pieces of any size, into frames. Holds at most one frame and the piece it was given. After a
 * FrameError the decoder is dead: the connection has no known next frame.
 */
export class FrameDecoder {
  #pieces: Uint8Array[] = []
  #held = 0
  #dead = false

  /** @throws FrameError on a header that the protocol forbids */
  push(piece: Uint8Array): Frame[] {
    if (this.#dead) {
      throw new FrameError('the frame stream is already broken')
    }
    this.#pieces.push(piece)
    this.#held += piece.length
    const frames: Frame[] = []
    for (let length = this.#nextLength(); length !== undefined && this.#held >= length; length = this.#nextLength()) {
      const bytes = this.#take(length)
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      frames.push({ type: view.getUint8(0), stream: view.getUint32(4, true), payload: bytes.subarray(headerLength) })
    }
    return frames
  }

  /** Bytes of a frame that has not come whole: not 0 at the end of a connection means it was cut. */
  get pending(): number {
    return this.#held
  }

  #nextLength(): number | undefined {
    if (this.#held < headerLength) {
      return undefined
    }
    const header = this.#peekHeader()
    const view = new DataView(header.buffer, header.byteOffset)
    const length = view.getUint32(8, true)
    if (length > maxPayload || view.getUint8(1) !== 0 || view.getUint16(2, true) !== 0) {
      this.#dead = true
      throw new FrameError(
        `a frame header of type 0x${view.getUint8(0).toString(16)} has flags ${view.getUint8(1)}, reserved ` +
          `${view.getUint16(2, true)} and length ${length}; expected 0, 0 and at most ${maxPayload}`,
      )
    }
    return headerLength + length
  }

  #peekHeader(): Uint8Array {
    const first = this.#pieces[0]
    if (first !== undefined && first.length >= headerLength) {
      return first
    }
    // A header in several pieces: join what is held, which is less than one frame and one piece.
    const joined = concat(this.#pieces, this.#held)
    this.#pieces = [joined]
    return joined
  }

  #take(length: number): Uint8Array {
    const first = this.#pieces[0]
    const joined = first !== undefined && first.length >= length ? first : concat(this.#pieces, this.#held)
    const whole = joined === first ? this.#pieces : [joined]
    const rest = joined.subarray(length)
    this.#pieces = rest.length > 0 ? [rest, ...whole.slice(1)] : whole.slice(1)
    this.#held -= length
    return joined.subarray(0, length)
  }
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    joined.set(piece, offset)
    offset += piece.length
  }
  return joined
}
