import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { agentPort } from '../machines/shape.ts'

/** A port that leads to the raw dialect of one lease's machine. */
export interface RawDoor {
  /** `127.0.0.1:5454` */
  readonly address: string
  /** Ends it and all that go through it. Safe to call twice. */
  close(): void
}

/**
 * Opens a port that leads to the agent of the machine of that moment, also after a restore: 5454 where it is free, else
 * one that the kernel chooses.
 * @param target the port on this host's loopback that leads to the agent
 */
export async function openRawDoor(host: string, target: () => Promise<number>): Promise<RawDoor> {
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
  await listen(agentPort).catch(() => listen(0))
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

async function join(person: Socket, target: () => Promise<number>): Promise<void> {
  person.on('error', () => {})
  const agent = connect({ host: '127.0.0.1', port: await target(), allowHalfOpen: true })
  try {
    // Each way ends by itself: a command may go on after its input has ended.
    await Promise.all([pipeline(person, agent), pipeline(agent, person)])
  } finally {
    agent.destroy()
  }
}
