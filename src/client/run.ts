import { atSite } from './call-site.ts'
import { type CommandOrigin, startCommand } from './command.ts'
import type { RunResult } from './result.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'

/**
 * Runs one command to its end.
 * @throws WinCommandError where it failed and `reject` is not `false`
 * @throws OsrunError where it was not started, or its end is not known; and what `onStdout` or `onStderr` throws
 */
export function runCommand(
  command: string | readonly string[],
  options: RunOptions,
  origin: CommandOrigin,
): Promise<RunResult<string | Uint8Array>> {
  return atSite(origin.site, async () => {
    checkRunOptions(options)
    const { input } = options
    const started = startCommand(command, options, {
      ...origin,
      stdin: input === undefined ? 'null' : 'pipe',
    })
    if (input !== undefined) {
      const process = await started.process.catch(() => undefined)
      process?.write(typeof input === 'string' ? new TextEncoder().encode(input) : input)
      process?.endInput()
    }
    return started.result
  })
}
