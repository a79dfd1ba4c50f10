import { runAgentProgram } from './agent-program.ts'
import { type Desktop, parseDesktop } from './desktop.ts'
import type { Streams } from './streams.ts'

// A guest under software emulation may have much to do.
const limits = { deadline: 30_000, longest: 8 * 2 ** 20 }

/**
 * What is on the guest's desktop now: a process of the agent's own program looks.
 * @throws OsrunError MACHINE_UNRESPONSIVE, AGENT_PROTOCOL, why the machine cannot be reached
 */
export async function lookAtDesktop(streams: Streams): Promise<Desktop> {
  return parseDesktop(await runAgentProgram(streams, '--windows', limits))
}
