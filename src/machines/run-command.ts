import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, encodeJsonFrame, encodeWindow, type Frame, frameType } from '../protocol/frames.ts'
import type { AgentLink } from './agent-link.ts'

let lastStream = 0x8000_0000

/**
 * Runs a command in the guest for the server's own purposes and forgets its output.
 * @param deadline milliseconds
 * @returns the exit code, or undefined where the guest could not start it
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export function runCommand(link: AgentLink, commandLine: string, deadline: number): Promise<number | undefined> {
  lastStream += 1
  const stream = lastStream
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer)
      link.off('frame', onFrame)
      link.off('closed', onClosed)
    }
    const fail = (why: string) => {
      finish()
      reject(new OsrunError('MACHINE_UNRESPONSIVE', `The guest's command \`${commandLine}\` did not end: ${why}`))
    }
    const onClosed = (reason: OsrunError) => fail(reason.message)
    const onFrame = (frame: Frame) => {
      if (frame.stream !== stream) {
        return
      }
      const channel = ({ [frameType.dataOut]: 1, [frameType.dataErr]: 2 } as const)[frame.type]
      if (channel !== undefined) {
        link.send(encodeWindow(stream, channel, frame.payload.length))
      } else if (frame.type === frameType.exit) {
        finish()
        resolve(Number(decodeJson(frame.payload)['code']))
      } else if (frame.type === frameType.error) {
        finish()
        resolve(undefined)
      }
    }
    const timer = setTimeout(() => fail(`the deadline of ${deadline} ms passed.`), deadline)
    link.on('frame', onFrame)
    link.on('closed', onClosed)
    link.send(encodeJsonFrame(frameType.exec, stream, { commandLine, stdin: 'null' }))
  })
}
