import type { NetConnectOpts } from 'node:net'
import { debugPorts } from '../protocol/debug-ports.ts'
import { type DebugPort, openDebugPort } from './debug-port.ts'

/** Where the machine of a lease is reached at this moment; it is another one after a restore. */
export interface Exposed {
  readonly id: string
  readonly screenSocket: string
  readonly monitorSocket: string
  readonly guestAgentSocket: string
  /** The port of this host's loopback that leads to the agent. */
  agentPort(): Promise<number>
}

/**
 * Opens what `--expose` promises for one machine, without any token: the well-known ports, or others where these are
 * taken, by an earlier machine for example.
 * @returns a line for each that says where, and what closes all
 */
export async function expose(machine: Exposed, host: string): Promise<{ lines: string[]; close: () => void }> {
  const targets: Record<keyof typeof debugPorts, () => NetConnectOpts | Promise<NetConnectOpts>> = {
    screen: () => ({ path: machine.screenSocket }),
    monitor: () => ({ path: machine.monitorSocket }),
    guestAgent: () => ({ path: machine.guestAgentSocket }),
    agent: async () => ({ host: '127.0.0.1', port: await machine.agentPort() }),
  }
  const opened: DebugPort[] = []
  const close = () => {
    for (const port of opened) {
      port.close()
    }
  }
  try {
    const lines: string[] = []
    for (const [name, { port, what }] of Object.entries(debugPorts)) {
      const open = await openDebugPort(host, port, targets[name as keyof typeof debugPorts])
      opened.push(open)
      lines.push(`--expose: machine ${machine.id}: ${what} at ${placeOf(open.address)}`)
    }
    return { lines, close }
  } catch (error) {
    close()
    throw error
  }
}

// Only a container listens on all of its addresses, and who may reach them is said by whoever publishes the port.
function placeOf(address: string): string {
  return address.replace(/^0\.0\.0\.0:(\d+)$/, 'port $1 of the container')
}
