import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { accelOption, cacheOption, guestFilesOption } from '../options.ts'

/** Adds the subcommand `osrun snapshots`, without what it does: that is loaded when it is called. */
export function addSnapshotsCommand(program: Command): void {
  const command = program.command('snapshots').description('list, remove, verify, export and import snapshots')
  select(command.command('list', { isDefault: true }))
    .description('list the snapshots of all guests')
    .addOption(json())
    .action(async (options) => {
      const { list } = await import('./list.ts')
      process.exitCode = await list(located(options))
    })
  select(command.command('remove <names...>'))
    .description('remove snapshots; those made from them, and machines that run, go on')
    .addOption(json())
    .action(async (names, options) => {
      const { remove } = await import('./remove.ts')
      process.exitCode = await remove(names, located(options))
    })
  select(command.command('verify [names...]'))
    .description('look whether snapshots are whole; exit code 1 if not')
    .option('--seal', 'record the digests of what is whole, so that a changed byte is found later')
    .addOption(json())
    .action(async (names, options) => {
      const { verify } = await import('./verify.ts')
      process.exitCode = await verify(names, located(options))
    })
  select(command.command('export <name> [file]'))
    .description('write a snapshot into one file (default: <name>.osrun.tar.zst; - for stdout)')
    .option('--with-guest', "put the guest's own disk into it, for a computer that lacks it")
    .option('--replace', 'replace the file if it is there')
    .action(async (name, file, options) => {
      const { exportTo } = await import('./export.ts')
      process.exitCode = await exportTo(name, file, located(options))
    })
  locate(command.command('import <file>'))
    .description('take a snapshot out of a file that `export` wrote (- for stdin)')
    .option('--name <name>', 'name of the snapshot (default: the one it had)')
    .option('--replace', 'replace a snapshot of that name')
    .action(async (file, options) => {
      const { importFrom } = await import('./import.ts')
      process.exitCode = await importFrom(file, located(options))
    })
}

function located<T extends { readonly cache: string }>(options: T): T {
  return { ...options, cache: resolve(options.cache) }
}

function locate(command: Command): Command {
  return command
    .addOption(cacheOption())
    .addOption(accelOption('accelerator to judge by'))
    .addOption(guestFilesOption())
}

function select(command: Command): Command {
  return locate(command).option('--guest <name>', 'of this guest only').option('--key <key>', 'under this key only')
}

function json(): Option {
  return new Option('--json', 'print JSON')
}
