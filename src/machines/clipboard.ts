import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, encodeFrame, encodeWindow, type Frame, frameType } from '../protocol/frames.ts'
import type { AgentLink } from './agent-link.ts'
import { askAgent } from './own-stream.ts'

// A program of the guest starts for it, under software emulation too.
const deadline = 60_000

/** The text of the guest's clipboard; empty where it holds none. @throws OsrunError MACHINE_UNRESPONSIVE */
export async function readClipboard(link: AgentLink): Promise<string> {
  const bytes = await run(link, '--clipboard', "The guest's clipboard could not be read")
  return new TextDecoder().decode(bytes)
}

/**
 * Puts text into the guest's clipboard.
 * @param text so much as one window of a stream holds, in UTF-8
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export async function writeClipboard(link: AgentLink, text: string): Promise<void> {
  await run(link, '--set-clipboard', "The guest's clipboard could not be set", Buffer.from(text))
}

/** A mode of the agent's own program. @returns what it writes to stdout */
function run(link: AgentLink, commandLine: string, failure: string, input?: Uint8Array): Promise<Buffer> {
  const output: Uint8Array[] = []
  const payload = { self: true, commandLine, stdin: input === undefined ? 'null' : 'pipe' }
  return askAgent<Buffer>(link, {
    ...{ type: frameType.exec, payload, failure, deadline },
    take({ type, stream, payload: bytes }: Frame) {
      switch (type) {
        case frameType.started:
          if (input !== undefined) {
            link.send(encodeFrame(frameType.dataIn, stream, input))
            link.send(encodeFrame(frameType.closeIn, stream))
          }
          return undefined
        case frameType.dataOut:
          output.push(Uint8Array.from(bytes))
          link.send(encodeWindow(stream, 1, bytes.length))
          return undefined
        case frameType.error:
          throw new OsrunError('MACHINE_UNRESPONSIVE', `${failure}: ${String(decodeJson(bytes)['message'])}`)
        case frameType.exit:
          if (decodeJson(bytes)['code'] !== 0) {
            throw new OsrunError(
              'MACHINE_UNRESPONSIVE',
              `${failure}: another program keeps it, or it holds more than 1 MiB.`,
            )
          }
          return { answer: Buffer.concat(output) }
        default:
          return undefined
      }
    },
  })
}
