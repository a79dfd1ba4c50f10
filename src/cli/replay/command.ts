import { resolve } from 'node:path'
import type { Command } from 'commander'
import { cacheOption, defaultGuest } from '../options.ts'

/** Adds the subcommand `osrun replay`, without what it does: that is loaded when it is called. */
export function addReplayCommand(program: Command, version: string): void {
  program
    .command('replay')
    .description('open the machine of a failed test, as it was then; without an id, list what there is')
    .argument('[id]', 'as the evidence of the test has it')
    .argument('[command...]', 'what to run in it (default: a prompt)')
    .passThroughOptions()
    .addOption(cacheOption())
    .option('-p, --pause', 'let the machine go on after the command, until Ctrl-C')
    .option('-v, --verbose', 'say what happens')
    .option('--guest <name>', 'the guest, where OSRUN_URL names a machine room that runs already', defaultGuest())
    .option('--json', 'print the list as JSON')
    .action(async (id: string | undefined, words: string[], options) => {
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
