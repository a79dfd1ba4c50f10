import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What becomes of the bytes of one direction: the pieces in which they go on. */
export type Fault = (piece: Buffer) => AsyncIterable<Buffer> | Iterable<Buffer>

export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** From the host to the agent; changed at any time. */
  toAgent: Fault
  /** From the agent to the host. */
  toHost: Fault
  /** Ends all connections without a word. */
  cut(): void
}

export const intact: Fault = (piece) => [piece]

export const oneByteAtATime: Fault = function* (piece) {
  for (const byte of piece) {
    yield Buffer.of(byte)
  }
}

/** Each piece waits for that many milliseconds. */
export function late(milliseconds: number): Fault {
  return async function* (piece) {
    await delay(milliseconds)
    yield piece
  }
}

/** What is given goes once, before the next piece. */
export function garbage(bytes: Uint8Array): Fault {
  let said = false
  return (piece) => {
    const pieces = said ? [piece] : [Buffer.from(bytes), piece]
    said = true
    return pieces
  }
}

/** Stands between the host and an agent, and does to their bytes what it is told. */
export async function startFaultProxy(agentPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (host) => {
    const agent = connect({ host: '127.0.0.1', port: agentPort, noDelay: true, allowHalfOpen: true })
    for (const [from, to, fault] of [
      [host, agent, () => proxy.toAgent],
      [agent, host, () => proxy.toHost],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      pass(from, to, fault)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    toAgent: intact,
    toHost: intact,
    cut() {
      for (const socket of sockets) {
        socket.resetAndDestroy()
      }
    },
    async [Symbol.asyncDispose]() {
      proxy.cut()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

async function pass(from: Socket, to: Socket, fault: () => Fault): Promise<void> {
  try {
    for await (const piece of from) {
      for await (const part of fault()(piece as Buffer)) {
        to.write(part)
        // Each part in a packet of its own.
        await new Promise(setImmediate)
      }
    }
    to.end()
  } catch {
    to.destroy()
  }
}
