import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { OsrunError } from '../protocol/errors.ts'
import { frameType } from '../protocol/frames.ts'
import { GuestStream } from './guest-stream.ts'
import type { Streams } from './streams.ts'

/** Where a server of the guest is reached on this computer. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Where on this computer a port of the guest is to be reached. */
export interface PortOptions {
  /** Address to listen on. Default `127.0.0.1`: for this computer only. */
  readonly host?: string
  /** Port to listen on. Default 0: one that is free. */
  readonly port?: number
}

/**
 * Ports of this computer that lead into the guest, through the connection to the machine room: the same wherever that
 * runs, also to servers that listen on the guest's own loopback only, and past its firewall.
 */
export class Ports {
  readonly #streams: Streams
  readonly #open = new Map<number, Promise<Server>>()

  constructor(streams: Streams) {
    this.#streams = streams
  }

  /**
   * The port of this computer that leads to that port of the guest; the same for each call.
   * @throws OsrunError BAD_OPTION, also where the wanted port cannot be had
   */
  async lead(guestPort: number, { host = '127.0.0.1', port: wanted = 0 }: PortOptions = {}): Promise<HostPort> {
    checkPort('a port', guestPort, 1)
    checkPort('`port`', wanted, 0)
    let opening = this.#open.get(guestPort)
    if (opening === undefined) {
      opening = listen(host, wanted, (socket) => this.#connect(socket, guestPort))
      this.#open.set(guestPort, opening)
      opening.catch(() => this.#open.delete(guestPort))
    }
    const { address, port } = (await opening).address() as AddressInfo
    return { host: address, port }
  }

  /** Closes all of them. Safe to call twice. */
  async close(): Promise<void> {
    const servers = [...this.#open.values()]
    this.#open.clear()
    for (const server of servers) {
      ;(await server).close()
    }
  }

  async #connect(socket: Socket, port: number): Promise<void> {
    try {
      await this.#streams.ready()
      relay(this.#streams, socket, port)
    } catch {
      socket.resetAndDestroy()
    }
  }
}

function checkPort(what: string, port: number, least: number): void {
  if (!Number.isInteger(port) || port < least || port > 65_535) {
    throw new OsrunError('BAD_OPTION', `Expected ${what} from ${least} to 65535, got ${port}`)
  }
}

async function listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Server> {
  // A half close of one side is no end of the other.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('BAD_OPTION', `Expected a port of this computer that is free, got ${host}:${port} (${why})`, {
      cause,
    })
  }
  // It must not keep a program alive that is done with its machine.
  server.unref()
  return server
}

/** Joins a connection with one that the agent makes. A refusal in the guest is a reset here. */
function relay(streams: Streams, socket: Socket, port: number): void {
  const reset = () => socket.resetAndDestroy()
  const stream = new GuestStream(
    streams,
    frameType.connect,
    { port },
    {
      data: (_channel, bytes) => written(socket, bytes),
      control({ type }) {
        if (type === frameType.eofOut) {
          socket.end()
        } else if (type === frameType.done) {
          stream.close()
        } else if (type === frameType.error) {
          stream.close()
          reset()
        }
      },
      lose: reset,
      breach: reset,
    },
  )
  socket.on('data', (bytes: Uint8Array) => {
    socket.pause()
    stream.write(bytes).then(() => socket.resume())
  })
  socket.on('end', () => stream.endInput())
  socket.on('error', () => {})
  socket.on('close', (failed) => {
    if (failed || !socket.readableEnded || !socket.writableFinished) {
      stream.kill()
    }
  })
}

function written(socket: Socket, bytes: Uint8Array): void | Promise<void> {
  if (socket.destroyed || socket.write(bytes)) {
    return undefined
  }
  return new Promise((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', resolve)
  })
}
