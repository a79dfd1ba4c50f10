import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import {
  decodeJson,
  decodeWindow,
  encodeFrame,
  encodeWindow,
  type Frame,
  frameType,
  initialWindow,
  maxPayload,
} from '../protocol/frames.ts'
import { ReceiveWindow } from './receive-window.ts'
import { spawnFailure } from './spawn-failure.ts'
import type { Streams } from './streams.ts'

/** What the agent is asked to start: the payload of EXEC. */
export interface ProcessRequest {
  /** The whole Windows command line. */
  readonly commandLine: string
  readonly cwd?: string
  /** `null` removes a variable. */
  readonly env?: Readonly<Record<string, string | null>>
  readonly stdin: 'pipe' | 'null'
}

/** How a process ended. */
export interface ProcessEnd {
  readonly kind: 'exit' | 'killed'
  /** Unsigned, 32 bits. */
  readonly code: number
}

/** Called with each piece of output; the guest may send more once it returns or its promise resolves. */
export type OutputListener = (channel: 'stdout' | 'stderr', bytes: Uint8Array) => void | Promise<void>

const started = v.object({ pid: v.pipe(v.number(), v.integer(), v.minValue(0)) })
const exit = v.object({
  kind: v.picklist(['exit', 'killed']),
  code: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff)),
})

// Small enough that other commands' frames get between.
const inputChunk = 64 * 1024

/** One process in the guest: its frames, its credits, its end. */
export class GuestProcess {
  readonly #streams: Streams
  readonly #stream: number
  readonly #onOutput: OutputListener
  readonly #request: ProcessRequest
  readonly #started = Promise.withResolvers<number>()
  readonly #ended = Promise.withResolvers<ProcessEnd>()
  readonly #windows = { stdout: new ReceiveWindow(), stderr: new ReceiveWindow() }
  readonly #input: { bytes: Uint8Array; sent: () => void }[] = []
  #inputCredit = initialWindow
  #inputEnded = false
  #over = false

  /**
   * Starts the process.
   * @throws OsrunError BAD_OPTION where the request does not fit into a frame; or why the machine cannot be reached
   */
  constructor(streams: Streams, request: ProcessRequest, onOutput: OutputListener) {
    const payload = new TextEncoder().encode(JSON.stringify(request))
    if (payload.length > maxPayload) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the command, \`cwd\` and \`env\` to have at most ${maxPayload} bytes together, got ${payload.length}`,
      )
    }
    this.#streams = streams
    this.#onOutput = onOutput
    this.#request = request
    this.#started.promise.catch(() => {})
    this.#ended.promise.catch(() => {})
    this.#stream = streams.open({ receive: (frame) => this.#receive(frame), lose: (error) => this.#lose(error) })
    streams.send(encodeFrame(frameType.exec, this.#stream, payload))
  }

  /** The process id in the guest. Rejects with the same error as `ended`. */
  get pid(): Promise<number> {
    return this.#started.promise
  }

  /** Rejects with an OsrunError: COMMAND_NOT_FOUND, SPAWN_FAILED, OUTCOME_UNKNOWN, AGENT_PROTOCOL. */
  get ended(): Promise<ProcessEnd> {
    return this.#ended.promise
  }

  /** Sends bytes to the process's stdin; resolves when all are sent, or the process is over. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#over || bytes.length === 0) {
      return Promise.resolve()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#input.push({ bytes, sent: resolve })
    this.#sendInput()
    return promise
  }

  /** Ends stdin after what was written. */
  endInput(): void {
    this.#inputEnded = true
    this.#sendInput()
  }

  /** Ends the process and all that it started; `ended` tells when it is done. */
  kill(): void {
    if (!this.#over) {
      this.#streams.send(encodeFrame(frameType.kill, this.#stream))
    }
  }

  /** Stops waiting: nothing that still comes is heard. */
  abandon(error: OsrunError): void {
    if (this.#over) {
      return
    }
    this.#over = true
    this.#streams.close(this.#stream)
    this.#started.reject(error)
    this.#ended.reject(error)
    this.#dropInput()
  }

  #receive(frame: Frame): void {
    try {
      this.#accept(frame)
    } catch (cause) {
      this.kill()
      const what = cause instanceof Error ? cause.message : String(cause)
      this.abandon(new OsrunError('AGENT_PROTOCOL', `The guest's agent broke the protocol: ${what}`, { cause }))
    }
  }

  #accept({ type, payload }: Frame): void {
    switch (type) {
      case frameType.started:
        this.#started.resolve(v.parse(started, decodeJson(payload)).pid)
        break
      case frameType.dataOut:
        this.#acceptOutput('stdout', payload)
        break
      case frameType.dataErr:
        this.#acceptOutput('stderr', payload)
        break
      case frameType.window:
        this.#acceptWindow(payload)
        break
      case frameType.exit:
        this.#acceptExit(v.parse(exit, decodeJson(payload)))
        break
      case frameType.error:
        this.abandon(spawnFailure(this.#request, decodeJson(payload)))
        break
    }
  }

  #acceptOutput(channel: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const window = this.#windows[channel]
    window.take(bytes.length)
    const consumed = this.#onOutput(channel, bytes)
    if (consumed === undefined) {
      this.#grant(channel, bytes.length)
    } else {
      consumed.then(() => this.#grant(channel, bytes.length))
    }
  }

  #grant(channel: 'stdout' | 'stderr', length: number): void {
    const add = this.#windows[channel].give(length)
    if (add > 0 && !this.#over) {
      this.#streams.send(encodeWindow(this.#stream, channel === 'stdout' ? 1 : 2, add))
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

  #acceptExit(end: ProcessEnd): void {
    this.#over = true
    this.#streams.close(this.#stream)
    this.#ended.resolve(end)
    this.#started.reject(new OsrunError('AGENT_PROTOCOL', 'The guest told the end of a process before its start'))
    this.#dropInput()
  }

  #sendInput(): void {
    for (let next = this.#input[0]; next !== undefined && this.#inputCredit > 0; next = this.#input[0]) {
      const length = Math.min(next.bytes.length, this.#inputCredit, inputChunk)
      this.#streams.send(encodeFrame(frameType.dataIn, this.#stream, next.bytes.subarray(0, length)))
      this.#inputCredit -= length
      next.bytes = next.bytes.subarray(length)
      if (next.bytes.length === 0) {
        this.#input.shift()
        next.sent()
      }
    }
    if (this.#inputEnded && this.#input.length === 0 && !this.#over) {
      this.#inputEnded = false
      this.#streams.send(encodeFrame(frameType.closeIn, this.#stream))
    }
  }

  #dropInput(): void {
    for (const { sent } of this.#input.splice(0)) {
      sent()
    }
  }

  #lose(cause: OsrunError): void {
    this.abandon(
      new OsrunError(
        'OUTCOME_UNKNOWN',
        `The link to the guest was lost while a command ran, so its outcome is unknown: ${cause.message}`,
        { cause },
      ),
    )
  }
}
