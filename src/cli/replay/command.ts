import { resolve } from 'node:path'
import type { Command } from 'commander'
import { OsrunError } from '../../protocol/errors.ts'
import { cacheOption, defaultGuest } from '../options.ts'
import type { ReplayOptions } from './replay.ts'

/** Adds the subcommand `osrun replay`, without what it does: that is loaded when it is called. */
export function addReplayCommand(program: Command, version: string): void {
  program
    .command('replay')
    .description('open the machine of a failed test, as it was then; without an id, list what there is')
    .argument('[id]', 'as the line of the failed test or its report has it')
    .argument('[command...]', 'what to run in it (default: a prompt, which `exit` leaves)')
    .passThroughOptions()
    .addOption(cacheOption())
    .option('-p, --pause', 'let the machine go on after the command, until Ctrl-C')
    .option('-v, --verbose', 'say what happens')
    .option('--guest <name>', 'the guest, where OSRUN_URL names a machine room that runs already', defaultGuest())
    .option('--json', 'print the list as JSON')
    .action(async (id: string | undefined, behind: string[], _: unknown, replaying: Command) => {
      const words = takeOptions(replaying, behind)
      const options = replaying.opts<ReplayOptions & { readonly json?: boolean }>()
      const located = { ...options, cache: resolve(options.cache) }
      if (id === undefined) {
        const { list } = await import('./list.ts')
        process.exitCode = await list(located)
        return
      }
      const { replay } = await import('./replay.ts')
      process.exit(await replay(id, words.join(' '), located, version))
    })
}

/** Options stand behind the id, too: it is what a person copies first. @returns the words of the command */
export function takeOptions(replaying: Command, behind: readonly string[]): string[] {
  const { operands, unknown } = replaying.parseOptions([...behind])
  const [odd] = unknown
  if (odd === '--help' || odd === '-h') {
    replaying.help()
  }
  if (odd !== undefined) {
    throw new OsrunError('BAD_OPTION', `Expected an option of \`osrun replay\` or a command behind the id, got ${odd}.`)
  }
  return operands
}
