import { crc32 } from 'node:zlib'
import { decodeJson, decodeWindow, type Frame, frameType, initialWindow } from '../../src/protocol/frames.ts'

/** What a stream was opened for, and what may come of it. */
export type Purpose = 'command' | 'read' | 'list' | 'stat' | 'missing' | 'write' | 'refused'

interface Stream {
  readonly purpose: Purpose
  /** What channel 1 says, where that is known. */
  readonly expected: Buffer | undefined
  /** Bytes that the agent may still send on channels 1 and 2, and that we may on 0. */
  readonly credit: [number, number, number]
  received: number
  sent: number
  digest: number
  started: boolean
  /** It was told to end, or ends by itself: its last frame may be on its way. */
  ending: boolean
  eofOut: boolean
  eofErr: boolean
  over: boolean
}

/**
 * What an agent may say, from what it was told: a model to which the real one is compared. Everything that is not
 * allowed is a violation.
 */
export class AgentModel {
  readonly violations: string[] = []
  readonly pings: string[] = []
  readonly #streams = new Map<number, Stream>()
  /** Why the agent must end the connection, once we broke the protocol. */
  broken = false
  refusal: string | undefined

  open(number: number, purpose: Purpose, expected?: Buffer): void {
    const credit: Stream['credit'] = [initialWindow, initialWindow, initialWindow]
    this.#streams.set(number, {
      ...{ purpose, expected, credit, received: 0, sent: 0, digest: 0 },
      ...{ ending: purpose !== 'write', started: false, eofOut: false, eofErr: false, over: false },
    })
  }

  get live(): number[] {
    return [...this.#streams].filter(([, { over }]) => !over).map(([number]) => number)
  }

  /** Whether the stream lives for certain, whatever frames are on their way. */
  livesOn(number: number): boolean {
    const stream = this.#streams.get(number)
    return stream !== undefined && !stream.over && !stream.ending
  }

  /** The stream is told to end. */
  end(number: number): void {
    const stream = this.#streams.get(number)
    if (stream !== undefined) {
      stream.ending = true
    }
  }

  /** How many of `wanted` bytes may be sent on a stream's channel 0; they are counted as sent. */
  send(number: number, bytes: Uint8Array): boolean {
    const stream = this.#streams.get(number)
    if (stream === undefined || stream.over || stream.credit[0] < bytes.length) {
      return false
    }
    stream.credit[0] -= bytes.length
    stream.sent += bytes.length
    stream.digest = crc32(bytes, stream.digest)
    return true
  }

  /** What COMMIT says of what was sent. */
  sum(number: number): { size: number; digest: string } {
    const { sent = 0, digest = 0 } = this.#streams.get(number) ?? {}
    return { size: sent, digest: digest.toString(16).padStart(8, '0') }
  }

  grant(number: number, channel: 1 | 2, add: number): void {
    const stream = this.#streams.get(number)
    if (stream !== undefined) {
      stream.credit[channel] += add
    }
  }

  receive(frame: Frame): void {
    if (frame.stream === 0) {
      this.#onConnection(frame)
      return
    }
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined || stream.over) {
      this.#wrong(frame, `on a stream that ${stream === undefined ? 'was never opened' : 'is over'}`)
    } else {
      this.#onStream(stream, frame)
    }
  }

  #onConnection(frame: Frame): void {
    if (frame.type === frameType.pong) {
      const expected = this.pings.shift()
      if (expected !== Buffer.from(frame.payload).toString('hex')) {
        this.#wrong(frame, `in place of ${expected}`)
      }
    } else if (frame.type === frameType.error) {
      this.refusal = String(decodeJson(frame.payload).code)
      if (!this.broken) {
        this.#wrong(frame, `${this.refusal} although nothing was broken`)
      }
    } else {
      this.#wrong(frame, 'that nobody asked for')
    }
  }

  #onStream(stream: Stream, frame: Frame): void {
    switch (frame.type) {
      case frameType.started:
        this.#must(stream.purpose === 'command' && !stream.started, frame)
        stream.started = true
        break
      case frameType.dataOut:
        this.#must(!stream.eofOut && (stream.purpose !== 'command' || stream.started), frame)
        this.#take(stream, 1, frame)
        break
      case frameType.dataErr:
        this.#must(!stream.eofErr && stream.started, frame)
        this.#take(stream, 2, frame)
        break
      case frameType.eofOut:
        this.#must(!stream.eofOut, frame)
        stream.eofOut = true
        break
      case frameType.eofErr:
        this.#must(!stream.eofErr && stream.purpose === 'command', frame)
        stream.eofErr = true
        break
      case frameType.window:
        this.#takeWindow(stream, frame)
        break
      case frameType.exit:
        this.#must(stream.purpose === 'command' && stream.started && stream.eofOut && stream.eofErr, frame)
        stream.over = true
        break
      case frameType.done:
        this.#must(stream.purpose !== 'command' && stream.purpose !== 'missing', frame)
        stream.over = true
        break
      case frameType.error:
        // One that refuses a number in use speaks of the request, not of the stream that has the number.
        stream.over = decodeJson(frame.payload).code !== 'STREAM_IN_USE'
        break
      default:
        this.#wrong(frame, 'of a type that no stream has')
    }
  }

  #take(stream: Stream, channel: 1 | 2, frame: Frame): void {
    const { payload } = frame
    stream.credit[channel] -= payload.length
    this.#must(stream.credit[channel] >= 0, frame)
    if (channel === 1 && stream.expected !== undefined) {
      const expected = stream.expected.subarray(stream.received, stream.received + payload.length)
      if (!expected.equals(payload)) {
        this.#wrong(frame, `with other bytes than the stream's own at ${stream.received}`)
      }
    }
    stream.received += payload.length
  }

  #takeWindow(stream: Stream, frame: Frame): void {
    const { channel, add } = decodeWindow(frame.payload)
    stream.credit[0] += add
    this.#must(channel === 0 && stream.credit[0] <= initialWindow, frame)
  }

  #must(allowed: boolean, frame: Frame): void {
    if (!allowed) {
      this.#wrong(frame, 'where it is not allowed')
    }
  }

  #wrong(frame: Frame, why: string): void {
    this.violations.push(`frame 0x${frame.type.toString(16)} on stream ${frame.stream} ${why}`)
  }
}
