import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** A TCP port that leads on. */
export interface DebugPort {
  /** E.g. `127.0.0.1:5454` */
  readonly address: string
  /** Ends it and all that go through it. Safe to call twice. */
  close(): void
}

/**
 * Opens a port that leads to wherever `target` says at the moment somebody comes.
 * @param wish the port, where it is free; else the kernel chooses one
 */
export async function openDebugPort(
  host: string,
  wish: number,
  target: () => NetConnectOpts | Promise<NetConnectOpts>,
): Promise<DebugPort> {
  const through = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (person) => {
    through.add(person)
    person.on('close', () => through.delete(person))
    join(person, target).catch(() => person.destroy())
  })
  const listen = async (port: number) => {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
  }
  await listen(wish).catch(() => listen(0))
  const { address, port } = server.address() as AddressInfo
  return {
    address: `${address}:${port}`,
    close() {
      server.close()
      for (const person of through) {
        person.destroy()
      }
    },
  }
}

async function join(person: Socket, target: () => NetConnectOpts | Promise<NetConnectOpts>): Promise<void> {
  person.on('error', () => {})
  const other = connect({ ...(await target()), allowHalfOpen: true })
  try {
    // Each way ends by itself: a command may go on after its input has ended.
    await Promise.all([pipeline(person, other), pipeline(other, person)])
  } finally {
    other.destroy()
  }
}
