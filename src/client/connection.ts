import * as v from 'valibot'
import type { WebSocket } from 'ws'
import { OsrunError, type OsrunErrorCode } from '../protocol/errors.ts'
import { type Frame, FrameDecoder } from '../protocol/frames.ts'
import {
  type Method,
  type Parameters,
  type Progress,
  type Result,
  response,
  serverEvent,
} from '../protocol/messages.ts'
import { startHeartbeat } from './heartbeat.ts'
import { fromServer, type RequestOptions, Requests } from './requests.ts'
import { openSocket, type ServerAddress } from './socket.ts'

/** What a connection tells whoever holds it. */
export interface ConnectionListener {
  progress?(progress: Progress): void
  frame?(frame: Frame): void
  /** The machine's link is gone while the connection to the server stands. @param retrying it may come back */
  linkLost?(error: OsrunError, retrying: boolean): void
  /** It has come back. */
  linkRestored?(): void
  /** The connection is over; nothing comes after it. */
  closed?(error: OsrunError): void
}

const closeGrace = 1000

/** One websocket to a machine room: requests, events, and frames of the machine that it leased. */
export class Connection {
  readonly #socket: WebSocket
  readonly #address: ServerAddress
  readonly #requests = new Requests()
  readonly #listeners = new Set<ConnectionListener>()
  readonly #ended = Promise.withResolvers<void>()
  #decoder = new FrameDecoder()
  #lost: OsrunError | undefined

  /** @throws OsrunError BAD_OPTION, SERVER_UNREACHABLE, UNAUTHORIZED, CANCELED */
  static open(address: ServerAddress): Promise<Connection> {
    return openSocket(address, (socket) => new Connection(socket, address))
  }

  private constructor(socket: WebSocket, address: ServerAddress) {
    this.#socket = socket
    this.#address = address
    let lastError: Error | undefined
    const stopHeartbeat = startHeartbeat(socket, (seconds) => {
      this.#fail('CONNECTION_LOST', `was silent for ${seconds} seconds`)
      socket.terminate()
    })
    socket.on('message', (data: Buffer, isBinary) => (isBinary ? this.#onFrames(data) : this.#onText(data.toString())))
    socket.on('error', (error) => {
      lastError = error
    })
    socket.on('close', (code) => {
      stopHeartbeat()
      this.#fail('CONNECTION_LOST', `closed the connection (websocket code ${code})`, lastError)
      this.#ended.resolve()
    })
  }

  /** The machine room's websocket address, without path. */
  get url(): string {
    return this.#address.url
  }

  get token(): string {
    return this.#address.token
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
  async request<M extends Method>(method: M, params: Parameters<M>, options: RequestOptions = {}): Promise<Result<M>> {
    if (this.#lost !== undefined) {
      throw this.#lost
    }
    return this.#requests.ask(method, params, options, (text) => this.#socket.send(text))
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
    this.#end(new OsrunError('CONNECTION_LOST', reason))
    this.#socket.close(1000)
    const timer = setTimeout(() => this.#socket.terminate(), closeGrace)
    await this.#ended.promise
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
    const answer = v.safeParse(response, message)
    if (answer.success) {
      this.#requests.settle(answer.output)
    } else if (typeof message === 'object' && message !== null && 'event' in message) {
      this.#onEvent(message)
    } else {
      this.#breach(`sent a message that is neither an answer nor an event: ${text.slice(0, 100)}`)
    }
  }

  #onEvent(message: object): void {
    const event = v.safeParse(serverEvent, message)
    if (!event.success) {
      return
    }
    switch (event.output.event) {
      case 'progress': {
        const { event: _, ...progress } = event.output
        this.#tell((listener) => listener.progress?.(progress))
        break
      }
      case 'link-lost': {
        const { error, retrying } = event.output
        this.resetFrames()
        this.#tell((listener) => listener.linkLost?.(fromServer(error), retrying))
        break
      }
      case 'link-restored':
        this.#tell((listener) => listener.linkRestored?.())
        break
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
    this.#fail('SERVER_PROTOCOL', `${what}; are both of the same version of osrun?`, cause)
    this.#socket.terminate()
  }

  #fail(code: OsrunErrorCode, what: string, cause?: unknown): void {
    const options = cause === undefined ? undefined : { cause }
    this.#end(new OsrunError(code, `The machine room at ${this.#address.url} ${what}`, options))
  }

  #end(error: OsrunError): void {
    if (this.#lost !== undefined) {
      return
    }
    this.#lost = error
    this.#requests.fail(error)
    this.#tell((listener) => listener.closed?.(error))
    this.#listeners.clear()
  }
}
