import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  decodeJson,
  decodeWindow,
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  frameType,
} from '../../src/protocol/frames.ts'
import type { Method } from '../../src/protocol/messages.ts'

/** A machine room made of answers: it speaks the protocol on a real websocket and runs what a test tells it to. */
export interface Peer extends AsyncDisposable {
  readonly url: string
  readonly token: string
  /** Methods asked for so far, with their parameters. */
  readonly asked: { method: Method; params: Record<string, unknown> }[]
  readonly sockets: ReadonlySet<WebSocket>
}

/** Answers of a method: a value, or `{ error }`, or `undefined` for no answer. */
export type Answers = Partial<Record<Method, (params: Record<string, unknown>, socket: WebSocket) => unknown>>

/** What the peer's guest does with frames that are no command's. */
export type OtherFrames = (frame: Frame, send: (frame: Uint8Array) => void) => void

/** A program in the peer's guest. */
export type Program = (command: GuestCommand) => void | Promise<void>

export const lease = {
  ...{ machine: 'm1', guest: 'wine', snapshot: 'provisioned' },
  ...{ shells: ['cmd'], viewer: '/machines/m1' },
}
/** What the tests ask a peer for. */
export const request = {
  guest: 'wine',
  snapshot: 'provisioned',
  label: 'a test',
  clock: 'sync',
  network: 'isolated',
} as const
export const token = 'a-token-for-tests'

const defaults: Answers = {
  ...{ acquire: () => lease, restore: () => lease, release: () => null, hold: () => null },
  save: () => ({ id: '1a2b3c4d' }),
}

export async function startPeer(
  answers: Answers = {},
  program: Program = (command) => command.exit(0),
  others: OtherFrames = () => {},
): Promise<Peer> {
  const asked: Peer['asked'] = []
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    path: '/v1',
    verifyClient: ({ req }, decide) => decide(req.headers.authorization === `Bearer ${token}`, 401),
  })
  server.on('connection', (socket) => {
    const guest = new Guest(socket, program, others)
    socket.on('message', async (data: Buffer, isBinary) => {
      if (isBinary) {
        guest.push(data)
        return
      }
      const { id, method, params } = JSON.parse(data.toString())
      asked.push({ method, params })
      const answer = await { ...defaults, ...answers }[method as Method]?.(params, socket)
      if (answer !== undefined) {
        const failed = typeof answer === 'object' && answer !== null && 'error' in answer
        socket.send(JSON.stringify(failed ? { id, ...answer } : { id, result: answer }))
      }
    })
  })
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ token, asked, sockets: server.clients },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) {
        socket.terminate()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The agent's side of one EXEC. */
export class GuestCommand {
  readonly #socket: WebSocket
  readonly stream: number
  readonly request: Record<string, unknown>
  readonly #input = new ByteQueue()
  readonly killed = Promise.withResolvers<void>()
  /** Sizes that the terminal was given. */
  readonly sizes: { columns: number; rows: number }[] = []
  /** Credits of stdin, stdout and stderr: what the sender of each may still send. */
  readonly credits: [number, number, number] = [262144, 262144, 262144]
  #granted = Promise.withResolvers<void>()

  constructor(socket: WebSocket, stream: number, request: Record<string, unknown>) {
    this.#socket = socket
    this.stream = stream
    this.request = request
    this.send(encodeJsonFrame(frameType.started, stream, { pid: 100 + stream }))
  }

  get commandLine(): string {
    return String(this.request.commandLine)
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame)
  }

  out(text: string | Uint8Array): void {
    this.send(encodeFrame(frameType.dataOut, this.stream, Buffer.from(text)))
  }

  err(text: string | Uint8Array): void {
    this.send(encodeFrame(frameType.dataErr, this.stream, Buffer.from(text)))
  }

  /** Writes as an agent does: as much as it has credit for, then waits. */
  async flood(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      while (this.credits[1] === 0) {
        await this.#granted.promise
      }
      const length = Math.min(left, this.credits[1], 65536)
      this.credits[1] -= length
      left -= length
      this.out(new Uint8Array(length).fill(0x2e))
    }
  }

  exit(code: number, kind: 'exit' | 'killed' = 'exit'): void {
    this.send(encodeFrame(frameType.eofOut, this.stream))
    this.send(encodeFrame(frameType.eofErr, this.stream))
    this.send(encodeJsonFrame(frameType.exit, this.stream, { kind, code, inherited: false }))
  }

  /** All of stdin, once it is closed. */
  readInput(): Promise<Buffer> {
    return this.#input.all()
  }

  get receivedInput(): number {
    return this.#input.length
  }

  /** @internal */
  receive(type: number, payload: Uint8Array): void {
    if (type === frameType.dataIn) {
      this.credits[0] -= payload.length
      this.#input.push(payload)
    } else if (type === frameType.closeIn) {
      this.#input.end()
    } else if (type === frameType.kill) {
      this.killed.resolve()
    } else if (type === frameType.resize) {
      const view = new DataView(payload.buffer, payload.byteOffset)
      this.sizes.push({ columns: view.getUint16(0, true), rows: view.getUint16(2, true) })
    } else if (type === frameType.window) {
      const { channel, add } = decodeWindow(payload)
      this.credits[channel as 0 | 1 | 2] += add
      this.#granted.resolve()
      this.#granted = Promise.withResolvers<void>()
    }
  }
}

class Guest {
  readonly #socket: WebSocket
  readonly #program: Program
  readonly #decoder = new FrameDecoder()
  readonly #commands = new Map<number, GuestCommand>()
  readonly #others: OtherFrames

  constructor(socket: WebSocket, program: Program, others: OtherFrames) {
    this.#socket = socket
    this.#program = program
    this.#others = others
  }

  push(bytes: Uint8Array): void {
    for (const frame of this.#decoder.push(bytes)) {
      const { type, stream, payload } = frame
      const command = this.#commands.get(stream)
      if (type === frameType.exec) {
        const started = new GuestCommand(this.#socket, stream, decodeJson(payload))
        this.#commands.set(stream, started)
        this.#program(started)
      } else if (command === undefined) {
        this.#others(frame, (answer) => this.#socket.send(answer))
      } else {
        command.receive(type, payload)
      }
    }
  }
}

class ByteQueue {
  readonly #pieces: Buffer[] = []
  readonly #ended = Promise.withResolvers<void>()
  length = 0

  push(piece: Uint8Array): void {
    this.#pieces.push(Buffer.from(piece))
    this.length += piece.length
  }

  end(): void {
    this.#ended.resolve()
  }

  async all(): Promise<Buffer> {
    await this.#ended.promise
    return Buffer.concat(this.#pieces)
  }
}
