import * as v from 'valibot'
import type { WebSocket } from 'ws'
import { errorCodes, OsrunError, type OsrunErrorCode } from '../protocol/errors.ts'
import { type Frame, FrameDecoder } from '../protocol/frames.ts'
import {
  type Method,
  methodResults,
  type Parameters,
  type Progress,
  type Result,
  response,
  serverEvent,
} from '../protocol/messages.ts'
import { openSocket, type ServerAddress } from './socket.ts'

/** What a connection tells whoever holds it. */
export interface ConnectionListener {
  progress?(progress: Progress): void
  frame?(frame: Frame): void
  /** The machine's link is gone while the connection to the server stands. */
  linkLost?(error: OsrunError): void
  /** The connection is over; nothing comes after it. */
  closed?(error: OsrunError): void
}

export interface RequestOptions {
  /** Milliseconds; the method's own deadline when left out. */
  readonly deadline?: number
  readonly signal?: AbortSignal | undefined
}

interface Pending {
  readonly method: Method
  resolve(value: unknown): void
  reject(error: OsrunError): void
}

const minute = 60_000

// Generous: they end waits that nothing else would end. `acquire` includes the queue, `install` builds a guest.
const deadlines: Record<Method, number> = {
  acquire: 120 * minute,
  restore: 3 * minute,
  snapshot: 15 * minute,
  snapshots: minute,
  screenshot: minute,
  release: minute,
  hold: minute,
  install: 240 * minute,
  drain: 11 * minute,
  status: minute,
}

const heartbeat = 20_000
const missedHeartbeats = 3
const closeGrace = 1000

/** One websocket to a machine room: requests, events, and frames of the machine that it leased. */
export class Connection {
  readonly #socket: WebSocket
  readonly #url: string
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<ConnectionListener>()
  #decoder = new FrameDecoder()
  #lastId = 0
  #lost: OsrunError | undefined
  readonly #ended: Promise<void>

  /** @throws OsrunError BAD_OPTION, SERVER_UNREACHABLE, UNAUTHORIZED, CANCELED */
  static open(address: ServerAddress): Promise<Connection> {
    return openSocket(address, (socket) => new Connection(socket, address.url))
  }

  private constructor(socket: WebSocket, url: string) {
    this.#socket = socket
    this.#url = url
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    let lastError: Error | undefined
    socket.on('message', (data: Buffer, isBinary) => (isBinary ? this.#onFrames(data) : this.#onText(data.toString())))
    socket.on('error', (error) => {
      lastError = error
    })
    const stopHeartbeat = this.#startHeartbeat()
    socket.on('close', (code) => {
      stopHeartbeat()
      this.#fail(
        'CONNECTION_LOST',
        `The machine room at ${url} closed the connection (websocket code ${code})`,
        lastError,
      )
      resolve()
    })
  }

  /** Why nothing can be asked any more; undefined while the connection stands. */
  get lost(): OsrunError | undefined {
    return this.#lost
  }

  /** Adds a listener; the returned function removes it. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws OsrunError the server's own failure, CONNECTION_LOST, SERVER_PROTOCOL, TIMED_OUT, CANCELED */
  request<M extends Method>(method: M, params: Parameters<M>, options: RequestOptions = {}): Promise<Result<M>> {
    const { deadline = deadlines[method], signal } = options
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    if (this.#lost !== undefined) {
      return Promise.reject(this.#lost)
    }
    if (signal?.aborted) {
      return Promise.reject(canceled(method, signal))
    }
    this.#lastId += 1
    const id = this.#lastId
    const timer = setTimeout(() => {
      reject(
        new OsrunError('TIMED_OUT', `The machine room at ${this.#url} did not answer \`${method}\` in ${deadline} ms`),
      )
    }, deadline)
    const onAbort = () => signal && reject(canceled(method, signal))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#pending.set(id, { method, resolve, reject })
    this.#socket.send(JSON.stringify({ id, method, params }))
    // An answer that comes after the deadline finds no entry and is dropped.
    return promise.finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#pending.delete(id)
    }) as Promise<Result<M>>
  }

  /** Sends one frame to the machine; dropped when the connection is over. */
  send(frame: Uint8Array): void {
    if (this.#lost === undefined) {
      this.#socket.send(frame)
    }
  }

  /** Forgets a frame that came in part: the link to the machine begins anew. */
  resetFrames(): void {
    this.#decoder = new FrameDecoder()
  }

  /** Ends the connection, and with it its lease; what still waits fails with `reason`. Safe to call twice. */
  async close(reason = 'The connection to the machine room was closed'): Promise<void> {
    this.#fail('CONNECTION_LOST', reason)
    this.#socket.close(1000)
    const timer = setTimeout(() => this.#socket.terminate(), closeGrace)
    await this.#ended
    clearTimeout(timer)
  }

  #onText(text: string): void {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch (cause) {
      this.#breach(`sent a message that is no JSON: ${JSON.stringify(text.slice(0, 100))}`, cause)
      return
    }
    if (typeof message === 'object' && message !== null && 'event' in message) {
      this.#onEvent(message)
      return
    }
    const answer = v.safeParse(response, message)
    if (!answer.success) {
      this.#breach(`sent a message that is neither an answer nor an event: ${text.slice(0, 100)}`)
      return
    }
    const pending = this.#pending.get(answer.output.id)
    if (pending === undefined) {
      return
    }
    if ('error' in answer.output) {
      pending.reject(fromServer(answer.output.error))
      return
    }
    const result = v.safeParse(methodResults[pending.method], answer.output.result)
    if (result.success) {
      pending.resolve(result.output)
    } else {
      const problem = v.summarize(result.issues)
      pending.reject(
        new OsrunError(
          'SERVER_PROTOCOL',
          `The machine room answered \`${pending.method}\` in another shape: ${problem}`,
        ),
      )
    }
  }

  #onEvent(message: object): void {
    const event = v.safeParse(serverEvent, message)
    if (!event.success) {
      return
    }
    if (event.output.event === 'progress') {
      const { event: _, ...progress } = event.output
      this.#tell((listener) => listener.progress?.(progress))
    } else {
      const error = fromServer(event.output.error)
      this.resetFrames()
      this.#tell((listener) => listener.linkLost?.(error))
    }
  }

  #onFrames(data: Uint8Array): void {
    let frames: Frame[]
    try {
      frames = this.#decoder.push(data)
    } catch (cause) {
      this.#breach('relayed bytes that are no frames', cause)
      return
    }
    for (const frame of frames) {
      this.#tell((listener) => listener.frame?.(frame))
    }
  }

  #tell(say: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) {
      say(listener)
    }
  }

  #breach(what: string, cause?: unknown): void {
    this.#fail(
      'SERVER_PROTOCOL',
      `The machine room at ${this.#url} ${what}; are both of the same version of osrun?`,
      cause,
    )
    this.#socket.terminate()
  }

  #fail(code: OsrunErrorCode, message: string, cause?: unknown): void {
    if (this.#lost !== undefined) {
      return
    }
    const error = new OsrunError(code, message, cause === undefined ? undefined : { cause })
    this.#lost = error
    for (const pending of [...this.#pending.values()]) {
      pending.reject(error)
    }
    this.#tell((listener) => listener.closed?.(error))
    this.#listeners.clear()
  }

  /** A peer that is gone without a word (power, network) never closes its end. */
  #startHeartbeat(): () => void {
    let unanswered = 0
    this.#socket.on('pong', () => {
      unanswered = 0
    })
    const timer = setInterval(() => {
      if (unanswered >= missedHeartbeats) {
        const silence = (unanswered * heartbeat) / 1000
        this.#fail('CONNECTION_LOST', `The machine room at ${this.#url} was silent for ${silence} seconds`)
        this.#socket.terminate()
        return
      }
      unanswered += 1
      this.#socket.ping()
    }, heartbeat)
    timer.unref()
    return () => clearInterval(timer)
  }
}

function fromServer(error: { code: string; message: string }): OsrunError {
  const known = error.code in errorCodes
  return new OsrunError(
    known ? (error.code as OsrunErrorCode) : 'INTERNAL',
    known ? error.message : `${error.code}: ${error.message}`,
  )
}

function canceled(method: Method, signal: AbortSignal): OsrunError {
  return new OsrunError('CANCELED', `\`${method}\` was canceled`, { cause: signal.reason })
}
