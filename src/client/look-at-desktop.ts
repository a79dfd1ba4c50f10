import { OsrunError } from '../protocol/errors.ts'
import { type Desktop, parseDesktop } from './desktop.ts'
import { Output } from './output.ts'
import { GuestProcess } from './process.ts'
import type { Streams } from './streams.ts'

// A guest under software emulation that has much to do.
const deadline = 30_000
const longestAnswer = 8 * 2 ** 20

/**
 * What is on the guest's desktop now: a process of the agent's own program looks.
 * @throws OsrunError MACHINE_UNRESPONSIVE, AGENT_PROTOCOL, why the machine cannot be reached
 */
export async function lookAtDesktop(streams: Streams): Promise<Desktop> {
  await streams.ready()
  const output = new Output(longestAnswer)
  const request = { self: true, commandLine: '--windows', stdin: 'null' } as const
  const process = new GuestProcess(streams, request, (channel, bytes) => {
    if (channel === 'stdout') {
      output.add(bytes)
    }
  })
  const timer = setTimeout(() => process.kill(), deadline)
  try {
    const { kind, code } = await process.ended
    if (kind === 'killed' || code !== 0) {
      const how = kind === 'killed' ? `took longer than ${deadline / 1000} seconds` : `ended with exit code ${code}`
      throw new OsrunError('MACHINE_UNRESPONSIVE', `Looking at the guest's windows ${how}`)
    }
  } finally {
    clearTimeout(timer)
  }
  return parseDesktop(output.text)
}
