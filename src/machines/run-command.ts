import { decodeJson, encodeWindow, frameType } from '../protocol/frames.ts'
import type { AgentLink } from './agent-link.ts'
import { askAgent } from './own-stream.ts'

/**
 * Runs a command in the guest for the server's own purposes and forgets its output.
 * @param deadline milliseconds
 * @returns the exit code, or undefined where the guest could not start it
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export function runCommand(link: AgentLink, commandLine: string, deadline: number): Promise<number | undefined> {
  return askAgent(link, {
    type: frameType.exec,
    payload: { commandLine, stdin: 'null' },
    failure: `The guest's command \`${commandLine}\` did not end`,
    deadline,
    take({ type, stream, payload }) {
      const channel = ({ [frameType.dataOut]: 1, [frameType.dataErr]: 2 } as const)[type]
      if (channel !== undefined) {
        link.send(encodeWindow(stream, channel, payload.length))
        return undefined
      }
      if (type === frameType.exit) {
        return { answer: Number(decodeJson(payload)['code']) }
      }
      return type === frameType.error ? { answer: undefined } : undefined
    },
  })
}
