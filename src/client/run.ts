import { atSite, type CallSite } from './call-site.ts'
import { startCommand } from './command.ts'
import type { RunResult } from './result.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'
import type { Streams } from './streams.ts'

/**
 * Runs one command to its end.
 * @throws WinCommandError where it failed and `reject` is not `false`
 * @throws OsrunError where it was not started, or its end is not known; and what `onStdout` or `onStderr` throws
 */
export function runCommand(
  streams: Streams,
  command: string | readonly string[],
  options: RunOptions,
  signals: readonly AbortSignal[],
  site: CallSite,
): Promise<RunResult<string | Uint8Array>> {
  return atSite(site, async () => {
    checkRunOptions(options)
    const { input } = options
    const started = startCommand(command, options, {
      ...{ streams, signals, site },
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
