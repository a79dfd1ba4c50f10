import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, encodeSize, type Frame, frameType } from '../protocol/frames.ts'
import { GuestStream } from './guest-stream.ts'
import { spawnFailure } from './spawn-failure.ts'
import type { Streams } from './streams.ts'

/** Size of a terminal. */
export interface TerminalSize {
  /** Characters, 1 to 1000. */
  readonly columns: number
  /** Lines, 1 to 1000. */
  readonly rows: number
}

/** What the agent is asked to start: the payload of EXEC. */
export interface ProcessRequest {
  /** The whole Windows command line; of the agent's own program what follows its name. */
  readonly commandLine: string
  /** The agent's own program is started. */
  readonly self?: true
  readonly cwd?: string
  /** `null` removes a variable. */
  readonly env?: Readonly<Record<string, string | null>>
  readonly stdin: 'pipe' | 'null'
  /** A pseudo console of that size in place of pipes. */
  readonly tty?: TerminalSize
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

/** One process in the guest: its start and its end. */
export class GuestProcess {
  readonly #stream: GuestStream
  readonly #request: ProcessRequest
  readonly #started = Promise.withResolvers<number>()
  readonly #ended = Promise.withResolvers<ProcessEnd>()

  /**
   * Starts the process.
   * @throws OsrunError BAD_OPTION where the request does not fit into a frame; or why the machine cannot be reached
   */
  constructor(streams: Streams, request: ProcessRequest, onOutput: OutputListener) {
    this.#request = request
    this.#started.promise.catch(() => {})
    this.#ended.promise.catch(() => {})
    this.#stream = new GuestStream(streams, frameType.exec, request, {
      data: (channel, bytes) => onOutput(channel === 'out' ? 'stdout' : 'stderr', bytes),
      control: (frame) => this.#accept(frame),
      lose: (error) => this.#fail(outcomeUnknown(error)),
      breach: (error) => this.#fail(error),
    })
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
    return this.#stream.write(bytes)
  }

  /** Ends stdin after what was written. */
  endInput(): void {
    this.#stream.endInput()
  }

  /** Gives the pseudo console another size. */
  resize(size: TerminalSize): void {
    this.#stream.send(frameType.resize, encodeSize(size.columns, size.rows))
  }

  /** Ends the process and all that it started; `ended` tells when it is done. */
  kill(): void {
    this.#stream.kill()
  }

  /** Stops waiting: nothing that still comes is heard. */
  abandon(error: OsrunError): void {
    this.#stream.close()
    this.#fail(error)
  }

  #accept({ type, payload }: Frame): void {
    switch (type) {
      case frameType.started:
        this.#started.resolve(v.parse(started, decodeJson(payload)).pid)
        break
      case frameType.exit:
        this.#finish(v.parse(exit, decodeJson(payload)))
        break
      case frameType.error:
        this.abandon(spawnFailure(this.#request, decodeJson(payload)))
        break
    }
  }

  #finish(end: ProcessEnd): void {
    this.#stream.close()
    this.#ended.resolve(end)
    this.#started.reject(new OsrunError('AGENT_PROTOCOL', 'The guest told the end of a process before its start'))
  }

  #fail(error: OsrunError): void {
    this.#started.reject(error)
    this.#ended.reject(error)
  }
}

function outcomeUnknown(cause: OsrunError): OsrunError {
  return new OsrunError(
    'OUTCOME_UNKNOWN',
    `The link to the guest was lost while a command ran, so its outcome is unknown: ${cause.message}`,
    { cause },
  )
}
