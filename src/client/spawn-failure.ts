import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { printable } from './printable.ts'
import type { ProcessRequest } from './process.ts'

const refusal = v.object({ code: v.string(), win32: v.optional(v.number(), 0), message: v.string() })

// GetLastError after CreateProcess.
const fileNotFound = 2
const pathNotFound = 3
const badDirectory = 267

/**
 * What the agent's ERROR frame means to whoever asked for the command.
 * @throws ValiError where the payload has another shape
 */
export function spawnFailure({ commandLine, cwd }: ProcessRequest, payload: Record<string, unknown>): OsrunError {
  const { code, win32, message } = v.parse(refusal, payload)
  const reason = printable(message)
  const shown = commandLine.length > 200 ? `${commandLine.slice(0, 200)}…` : commandLine
  if (code !== 'SPAWN_FAILED') {
    const known = code === 'LIMIT' || code === 'BAD_REQUEST'
    return new OsrunError(
      known ? 'SPAWN_FAILED' : 'AGENT_PROTOCOL',
      `The guest refused to run ${shown}: ${reason} (${printable(code)})`,
    )
  }
  if (win32 === badDirectory) {
    return new OsrunError('COMMAND_NOT_FOUND', `The guest has no working folder ${cwd}, the \`cwd\` of ${shown}`)
  }
  if (win32 === fileNotFound || win32 === pathNotFound) {
    return new OsrunError(
      'COMMAND_NOT_FOUND',
      `The guest has no such program${cwd === undefined ? '' : ` (nor perhaps the \`cwd\` ${cwd})`}: ${shown}. Commands ` +
        'of cmd and scripts (.bat, .cmd) need a string, as in win.run("dir")',
    )
  }
  return new OsrunError('SPAWN_FAILED', `The guest could not start ${shown}: ${reason} (Windows error ${win32})`)
}
