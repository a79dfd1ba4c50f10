import { OsrunError } from '../protocol/errors.ts'
import { Output } from './output.ts'
import { GuestProcess } from './process.ts'
import type { Streams } from './streams.ts'

/** How much it may say, in bytes, and how long it may take, in milliseconds. */
export interface AgentProgramLimits {
  readonly longest: number
  readonly deadline: number
}

/**
 * What a process of the agent's own program says.
 * @param words what follows the program's name
 * @throws OsrunError MACHINE_UNRESPONSIVE, why the machine cannot be reached
 */
export async function runAgentProgram(
  streams: Streams,
  words: string,
  { longest, deadline }: AgentProgramLimits,
): Promise<string> {
  await streams.ready()
  const output = new Output(longest)
  const process = new GuestProcess(streams, { self: true, commandLine: words, stdin: 'null' }, (channel, bytes) => {
    if (channel === 'stdout' && !output.add(bytes)) {
      process.kill()
    }
  })
  const timer = setTimeout(() => process.kill(), deadline)
  try {
    const { kind, code } = await process.ended
    if (kind === 'killed' || code !== 0) {
      const how =
        kind === 'killed' ? `took longer than ${deadline / 1000} s, or said too much` : `ended with code ${code}`
      throw new OsrunError('MACHINE_UNRESPONSIVE', `The guest's \`osrun-agent ${words}\` ${how}`)
    }
  } finally {
    clearTimeout(timer)
  }
  return output.text
}
