import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, encodeFrame, encodeJsonFrame, type Frame, FrameDecoder, frameType } from '../protocol/frames.ts'

const agentHello = v.object({
  magic: v.literal('osrun'),
  version: v.literal(1),
  nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  time: v.number(),
  uptime: v.number(),
  clock: v.picklist(['set', 'kept', 'refused']),
})
/** What an agent says of itself when a connection starts. */
export type AgentHello = v.InferOutput<typeof agentHello>

/** How to greet an agent. */
export interface AgentGreeting {
  /** Known to this machine's server only; the agent takes the first one it hears. */
  readonly secret: string
  /** Set the guest's clock to the host's. */
  readonly setClock: boolean
  /** Let the raw dialect in, which asks nobody for a secret. */
  readonly raw?: boolean
}

const clockAnswer = v.object({ time: v.number(), clock: v.picklist(['set', 'kept', 'refused']) })
/** A guest's clock, and what became of the wish to set it. */
export type ClockAnswer = v.InferOutput<typeof clockAnswer>

const attemptDeadline = 5000
const answerDeadline = 30_000

interface Waiting<T> {
  resolve(answer: T): void
  reject(error: Error): void
}

/** Of this process: an attempt that was given up may reach the agent after its successor, which it must not replace. */
let attempts = 0

/**
 * A connection to a guest's agent on which both sides have said hello. Emits `frame` for each frame of the agent,
 * `drain` when what was sent has left, and `closed`, once, with the reason.
 */
export class AgentLink extends EventEmitter<{ frame: [Frame]; drain: []; closed: [OsrunError] }> {
  readonly hello: AgentHello
  readonly #socket: Socket
  /** Those who wait for an answer, in the order of asking, which is that of the answers. */
  readonly #clocks: Waiting<ClockAnswer>[] = []
  readonly #pings: Waiting<void>[] = []
  readonly #detaches: Waiting<void>[] = []
  #closed: OsrunError | undefined

  private constructor(socket: Socket, hello: AgentHello, decoder: FrameDecoder) {
    super()
    this.#socket = socket
    this.hello = hello
    socket.on('data', (piece) => this.#take(decoder, piece))
    socket.on('drain', () => this.emit('drain'))
    socket.on('error', () => {})
    socket.on('close', () => this.#close(new OsrunError('MACHINE_UNRESPONSIVE', 'The agent closed its connection.')))
  }

  /** Connects and greets until the agent answers: while a guest boots, its port accepts and closes at once. */
  static async open(port: number, greeting: AgentGreeting, signal: AbortSignal): Promise<AgentLink> {
    for (;;) {
      signal.throwIfAborted()
      const link = await AgentLink.#greet(port, greeting, signal)
      if (link !== undefined) {
        return link
      }
      await delay(50, undefined, { signal })
    }
  }

  static async #greet(port: number, greeting: AgentGreeting, signal: AbortSignal): Promise<AgentLink | undefined> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const abort = () => socket.destroy()
    signal.addEventListener('abort', abort, { once: true })
    // Before the guest's network is up, QEMU holds a connection for minutes.
    socket.setTimeout(attemptDeadline, abort)
    try {
      attempts += 1
      const hello = { magic: 'osrun', min: 1, max: 1, time: Date.now(), attempt: attempts, ...greeting }
      socket.write(encodeJsonFrame(frameType.hello, 0, hello))
      const decoder = new FrameDecoder()
      const frame = await firstFrame(socket, decoder)
      if (frame === undefined) {
        socket.destroy()
        return undefined
      }
      return new AgentLink(socket, readHello(frame), decoder)
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      socket.setTimeout(0)
      signal.removeEventListener('abort', abort)
    }
  }

  /**
   * Sends bytes that are whole frames. False when the caller should wait for `drain` before it sends more; on a closed
   * link they go nowhere, as `closed` has said.
   */
  send(frames: Uint8Array): boolean {
    return this.#socket.destroyed || this.#socket.write(frames)
  }

  /** Stops reading, so that the guest's output waits in the guest. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Why nothing comes any more; undefined while the link stands. */
  get lost(): OsrunError | undefined {
    return this.#closed
  }

  /**
   * Reads the guest's clock, and sets it before where `set` is given (milliseconds since 1970).
   * @throws OsrunError MACHINE_UNRESPONSIVE, AGENT_PROTOCOL
   */
  clock(set?: number): Promise<ClockAnswer> {
    return this.#ask(this.#clocks, encodeJsonFrame(frameType.clock, 0, set === undefined ? {} : { set }))
  }

  /** Resolves when the agent has answered: a sign that programs in the guest get their turn. @throws OsrunError as `clock` */
  ping(): Promise<void> {
    return this.#ask(this.#pings, encodeFrame(frameType.ping, 0))
  }

  /**
   * Says whether what was started over this link is to outlive it, and whether the next host may be another one; resolves
   * when that holds. For a machine whose state is saved while the link stands: the saved one never hears of its end.
   * @param deadline milliseconds
   * @throws OsrunError MACHINE_UNRESPONSIVE
   */
  detach(detached: boolean, deadline?: number): Promise<void> {
    return this.#ask(this.#detaches, encodeFrame(frameType.detach, 0, Uint8Array.of(detached ? 1 : 0)), deadline)
  }

  /** Asks the agent to forget this connection before a snapshot, and waits until it is closed. */
  async quiesce(deadline = 30_000): Promise<void> {
    const closed = once(this.#socket, 'close', { signal: AbortSignal.timeout(deadline) })
    this.send(encodeFrame(frameType.quiesce, 0))
    await closed
  }

  /** Ends the link. @param reason what `closed` says where nothing has ended it before */
  close(reason = new OsrunError('MACHINE_UNRESPONSIVE', 'The link to the agent was closed.')): void {
    this.#close(reason)
  }

  #ask<T>(waiting: Waiting<T>[], question: Uint8Array, deadline = answerDeadline): Promise<T> {
    if (this.#closed !== undefined) {
      return Promise.reject(this.#closed)
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(
      () => reject(new OsrunError('MACHINE_UNRESPONSIVE', `The agent did not answer within ${deadline} ms.`)),
      deadline,
    )
    // Stays in its place after its deadline: the answer may still come, and belongs to nobody else.
    waiting.push({ resolve, reject })
    this.send(question)
    return promise.finally(() => clearTimeout(timer))
  }

  #take(decoder: FrameDecoder, piece: Uint8Array): void {
    try {
      for (const frame of decoder.push(piece)) {
        if (frame.type === frameType.clock && frame.stream === 0) {
          const answer = v.parse(clockAnswer, decodeJson(frame.payload))
          this.#clocks.shift()?.resolve(answer)
        } else if (frame.type === frameType.pong && frame.stream === 0) {
          this.#pings.shift()?.resolve()
        } else if (frame.type === frameType.detach && frame.stream === 0) {
          this.#detaches.shift()?.resolve()
        } else {
          this.emit('frame', frame)
        }
      }
    } catch (cause) {
      this.#close(new OsrunError('AGENT_PROTOCOL', `The agent broke the protocol: ${String(cause)}`, { cause }))
    }
  }

  #close(reason: OsrunError): void {
    this.#socket.destroy()
    if (this.#closed === undefined) {
      this.#closed = reason
      for (const { reject } of [...this.#clocks, ...this.#pings, ...this.#detaches]) {
        reject(reason)
      }
      this.emit('closed', reason)
    }
  }
}

async function firstFrame(socket: Socket, decoder: FrameDecoder): Promise<Frame | undefined> {
  const over = new AbortController()
  const ended = Promise.race([once(socket, 'close', { signal: over.signal }), once(socket, 'error')])
  ended.catch(() => {})
  try {
    for (;;) {
      const piece = await Promise.race([
        once(socket, 'data', { signal: over.signal }) as Promise<[Uint8Array]>,
        ended.then(() => undefined),
      ])
      if (piece === undefined) {
        return undefined
      }
      // Only the answer to HELLO can come now: the agent speaks when it is spoken to.
      const [frame] = decoder.push(piece[0])
      if (frame !== undefined) {
        return frame
      }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      return undefined
    }
    throw error
  } finally {
    over.abort()
  }
}

function readHello(frame: Frame): AgentHello {
  if (frame.type === frameType.error) {
    const { code, message } = decodeJson(frame.payload)
    throw new OsrunError('AGENT_PROTOCOL', `The agent refused the connection: ${String(code)}: ${String(message)}`)
  }
  const parsed = v.safeParse(agentHello, frame.type === frameType.hello ? decodeJson(frame.payload) : undefined)
  if (!parsed.success) {
    throw new OsrunError('AGENT_PROTOCOL', `The agent's first frame (type ${frame.type}) is no hello of this version.`)
  }
  return parsed.output
}
