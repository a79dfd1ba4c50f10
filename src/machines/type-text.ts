import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, frameType } from '../protocol/frames.ts'
import type { AgentLink } from './agent-link.ts'
import { askAgent } from './own-stream.ts'

const deadline = 60_000

/**
 * Has the guest's agent type text into the window that has the focus, as characters, whatever the keyboard's layout.
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export function typeText(link: AgentLink, text: string): Promise<void> {
  const failure = 'The guest could not type the text'
  return askAgent<void>(link, {
    ...{ type: frameType.type, payload: { text }, failure, deadline },
    take({ type, payload }) {
      if (type === frameType.error) {
        throw new OsrunError('MACHINE_UNRESPONSIVE', `${failure}: ${String(decodeJson(payload)['message'])}`)
      }
      return type === frameType.done ? { answer: undefined } : undefined
    },
  })
}
