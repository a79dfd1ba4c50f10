import { OsrunError } from '../protocol/errors.ts'
import {
  decodeWindow,
  encodeFrame,
  encodeWindow,
  type Frame,
  frameType,
  initialWindow,
  maxPayload,
} from '../protocol/frames.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { Streams } from './streams.ts'

/** What a stream of the agent sends, besides credits. */
export interface StreamListener {
  /** A piece of data; the guest may send more once this returns or its promise resolves. */
  data?(channel: 'out' | 'err', bytes: Uint8Array): void | Promise<void>
  /** Every other frame: STARTED, EXIT, DONE, ERROR, the ends of data. What it throws is a breach of the protocol. */
  control(frame: Frame): void
  /** The link is lost: the stream is over without its last frame. */
  lose(error: OsrunError): void
  /** The agent broke the protocol, and the stream was ended for it. */
  breach(error: OsrunError): void
}

// Small enough that other streams' frames get between.
const inputChunk = 128 * 1024
const channelNumbers = { out: 1, err: 2 } as const

/** One stream of the agent: a command, a file, a connection. Its credits, its input, its end. */
export class GuestStream {
  readonly #streams: Streams
  readonly #number: number
  readonly #listener: StreamListener
  readonly #windows = { out: new ReceiveWindow(), err: new ReceiveWindow() }
  readonly #input: { bytes: Uint8Array; sent: () => void }[] = []
  #inputCredit = initialWindow
  /** What is sent after all input: CLOSE_IN, COMMIT. */
  #afterInput: { type: number; payload?: Uint8Array } | undefined
  #over = false

  /**
   * Opens the stream by a request.
   * @param type EXEC, FILE, CONNECT or TYPE
   * @throws OsrunError BAD_OPTION where the request does not fit into a frame; or why the machine cannot be reached
   */
  constructor(streams: Streams, type: number, request: object, listener: StreamListener) {
    const payload = new TextEncoder().encode(JSON.stringify(request))
    if (payload.length > maxPayload) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the request to the guest to have at most ${maxPayload} bytes, got ${payload.length}`,
      )
    }
    this.#streams = streams
    this.#listener = listener
    this.#number = streams.open({ receive: (frame) => this.#receive(frame), lose: (error) => this.#lose(error) })
    this.send(type, payload)
  }

  /** Sends a frame on this stream, unless it is over. */
  send(type: number, payload?: Uint8Array): void {
    if (!this.#over) {
      this.#streams.send(encodeFrame(type, this.#number, payload))
    }
  }

  /** Sends data; resolves when all of it is sent, or the stream is over. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#over || bytes.length === 0) {
      return Promise.resolve()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#input.push({ bytes, sent: resolve })
    this.#sendInput()
    return promise
  }

  /** Ends the data after what was written: by CLOSE_IN, or by the frame that is given. */
  endInput(type: number = frameType.closeIn, payload?: Uint8Array): void {
    this.#afterInput = payload === undefined ? { type } : { type, payload }
    this.#sendInput()
  }

  /** Asks the agent to end what the stream does; its last frame tells when that is done. */
  kill(): void {
    this.send(frameType.kill)
  }

  /** The last frame came, or nobody waits for it: what still comes is passed over. */
  close(): void {
    if (!this.#over) {
      this.#over = true
      this.#streams.close(this.#number)
      for (const { sent } of this.#input.splice(0)) {
        sent()
      }
    }
  }

  #lose(error: OsrunError): void {
    if (!this.#over) {
      this.close()
      this.#listener.lose(error)
    }
  }

  #receive(frame: Frame): void {
    try {
      this.#accept(frame)
    } catch (cause) {
      this.kill()
      this.close()
      const what = cause instanceof Error ? cause.message : String(cause)
      this.#listener.breach(
        new OsrunError('AGENT_PROTOCOL', `The guest's agent broke the protocol: ${what}`, { cause }),
      )
    }
  }

  #accept(frame: Frame): void {
    switch (frame.type) {
      case frameType.dataOut:
        this.#acceptData('out', frame.payload)
        break
      case frameType.dataErr:
        this.#acceptData('err', frame.payload)
        break
      case frameType.window:
        this.#acceptWindow(frame.payload)
        break
      default:
        this.#listener.control(frame)
    }
  }

  #acceptData(channel: 'out' | 'err', bytes: Uint8Array): void {
    this.#windows[channel].take(bytes.length)
    const consumed = this.#listener.data?.(channel, bytes)
    if (consumed === undefined) {
      this.#grant(channel, bytes.length)
    } else {
      consumed.then(() => this.#grant(channel, bytes.length))
    }
  }

  #grant(channel: 'out' | 'err', length: number): void {
    const add = this.#windows[channel].give(length)
    if (add > 0 && !this.#over) {
      this.#streams.send(encodeWindow(this.#number, channelNumbers[channel], add))
    }
  }

  #acceptWindow(payload: Uint8Array): void {
    const { channel, add } = decodeWindow(payload)
    if (channel !== 0 || this.#inputCredit + add > 0xffff_ffff) {
      throw new Error(`a grant of ${add} bytes on channel ${channel}`)
    }
    this.#inputCredit += add
    this.#sendInput()
  }

  #sendInput(): void {
    for (let next = this.#input[0]; next !== undefined && this.#inputCredit > 0; next = this.#input[0]) {
      const length = Math.min(next.bytes.length, this.#inputCredit, inputChunk)
      this.send(frameType.dataIn, next.bytes.subarray(0, length))
      this.#inputCredit -= length
      next.bytes = next.bytes.subarray(length)
      if (next.bytes.length === 0) {
        this.#input.shift()
        next.sent()
      }
    }
    if (this.#afterInput !== undefined && this.#input.length === 0) {
      const { type, payload } = this.#afterInput
      this.#afterInput = undefined
      this.send(type, payload)
    }
  }
}
