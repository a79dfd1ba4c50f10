import { planMerged, runMerged } from '../inside/merge.ts'
import { prepareSuite, runSuite, type SuiteTask } from '../inside/suite.ts'
import { termsOf } from '../inside/terms.ts'
import { ProgressLines, ticking } from '../runtime/progress-lines.ts'
import { defaultCache } from '../runtime/settings.ts'
import { openRoom, type RoomCommand } from './room.ts'
import { endedBySignal } from './signals.ts'

/** Options of `osrun test`, as the command line gives them. */
export interface TestCommand extends RoomCommand {
  readonly verbose?: boolean
  readonly include: readonly string[]
  readonly node: string
  readonly network: 'isolated' | 'internet'
  readonly shards: number
  readonly sideBySide?: boolean
  readonly env: Readonly<Record<string, string>>
}

/**
 * Runs the Vitest suite of the project that this program was started in, in the guest.
 * @returns Vitest's exit code
 * @throws OsrunError
 */
export async function testInWindows(
  vitestArguments: readonly string[],
  options: TestCommand,
  version: string,
): Promise<number> {
  const folder = process.cwd()
  const merging = { shards: options.shards, local: options.sideBySide === true }
  // Sooner than a machine room, which takes its time: what cannot be divided is said at once.
  const plan =
    merging.shards > 1 || merging.local ? planMerged({ folder, arguments: vitestArguments }, merging) : undefined
  return endedBySignal(async (signal) => {
    const lines = new ProgressLines((line) => process.stderr.write(`${line}\n`))
    const onLog = (line: string) => {
      if (options.verbose) {
        process.stderr.write(`osrun: ${line.replace(/^osrun: /, '')}\n`)
      }
    }
    await using server = await ticking(lines, () =>
      openRoom(options, version, { signal, onProgress: lines.report, onLog }),
    )
    signal.addEventListener('abort', () => void server[Symbol.asyncDispose]())
    signal.throwIfAborted()
    const { include, node, guest, network, env } = options
    const task: SuiteTask = {
      ...{ include, node, guest, network, env, signal },
      folder,
      arguments: vitestArguments,
      cache: options.drive ?? defaultCache(process.env),
      terms: termsOf(process.env, process.stdout),
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      onProgress: lines.report,
      say: (line) => lines.say(line),
    }
    const preparation = await ticking(lines, () => prepareSuite(server, task))
    if (plan !== undefined) {
      return await runMerged(server, task, preparation, plan)
    }
    return (await runSuite(server, task, preparation)).exitCode
  })
}
