#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { isOsrunError } from '../protocol/errors.ts'
import { addWindowsFlags } from './install-options.ts'
import {
  accelOption,
  cacheOption,
  choice,
  defaultGuest,
  guestFilesOption,
  readCount,
  readMemory,
  readNumber,
} from './options.ts'
import { addReplayCommand } from './replay/command.ts'
import { takeCommands } from './run/command.ts'
import { ownFailure } from './run/exit-code.ts'
import { addSnapshotsCommand } from './snapshots/command.ts'
import { addTestCommand, separateTestArguments } from './test-options.ts'

const program = new Command('osrun')
  .description('Runs a command in a clean Windows of its own: a virtual machine, restored from a snapshot.')
  .version(version())
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : ownFailure))

takeCommands(program, version())

program
  .command('serve')
  .description('run the machine room: a websocket that gives out machines')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 lets the system choose', readNumber(0, 65_535), 0)
  .option('--token-file <file>', 'file with the token; removed once read (default: OSRUN_TOKEN, else made and logged)')
  .addOption(cacheOption())
  .addOption(accelOption('accelerator'))
  .option('--machines <number>', 'most machines at once (default: from cores and memory)', readCount('machines'))
  .option(
    '--standbys <number>',
    'most machines restored ahead; 0 for none (default: from cores)',
    readCount('standbys'),
  )
  .option('--temp-drive', 'keep in memory what the machines write to their disks')
  .option('--memory <amount>', 'memory of a guest, e.g. 2GiB', readMemory)
  .option('--cpus <number>', 'virtual CPUs of a guest', readCount('cpus'))
  .option('--exit-when-idle <seconds>', 'end when no client has been connected for so long', readNumber(0, 1_000_000))
  .addOption(guestFilesOption())
  .option('--expose', 'for debugging only: ports for VNC, monitor and agents, without a token')
  .action(async (options) => {
    const { serveCommand } = await import('./serve.ts')
    process.exit(await serveCommand(options, version()))
  })

const installing = program
  .command('install')
  .description('make a guest ready: build what is missing of it, and its first snapshot')
  .argument('[guest]', 'the guest', defaultGuest())
  .option('-v, --verbose', 'say what happens')
  .option('-k, --keep', 'keep what the installation was made from')
  .option('-d, --drive <folder>', 'folder for guests and snapshots')
  .addOption(choice('--runtime <name>', 'auto', 'docker', 'host'))
  .addOption(choice('--accel <name>', 'auto', 'kvm', 'hvf', 'tcg'))
  .option('--memory <amount>', 'memory of the guest, e.g. 2GiB', readMemory)
  .option('--cpus <number>', 'virtual CPUs of the guest', readCount('cpus'))
addWindowsFlags(installing)
  .option('--slow', 'install Windows without hardware acceleration, which takes many hours')
  .option('--json', 'print what was done as JSON')
  .action(async (guest, options) => {
    const { install } = await import('./install.ts')
    process.exit(await install({ ...options, guest }, version()))
  })

const media = program.command('media').description('media of Windows')

media
  .command('list')
  .description('list downloads and what installations left for the next one, with size and age')
  .addOption(cacheOption())
  .option('--json', 'print the list as JSON')
  .action(async (options) => {
    const { listMedia } = await import('./media.ts')
    process.exit(await listMedia(options))
  })

media
  .command('remove')
  .description('remove some of that; no guest and no snapshot needs it')
  .argument('[names...]', 'as `osrun media list` prints them')
  .option('--all', 'remove all of it')
  .addOption(cacheOption())
  .option('--json', 'print what was removed as JSON')
  .action(async (names, options) => {
    const { removeMedia } = await import('./media.ts')
    process.exit(await removeMedia(names, options))
  })

media
  .command('check')
  .description("ask whether the ISOs of osrun's list are still there; downloads nothing")
  .option('--json', 'print the findings as JSON')
  .action(async (options) => {
    const { checkMedia } = await import('./media.ts')
    process.exit(await checkMedia(options))
  })

program
  .command('doctor')
  .description('say what this host can do, what is missing, and what to do about it')
  .option('--install', 'install what is missing, after saying what')
  .option('--yes', 'do not ask before installing')
  .option('--json', 'print the findings as JSON')
  .option('--guest <name>', 'the guest to look at (default: OSRUN_GUEST, else wine)')
  .option('--cache <folder>', 'folder for guests and snapshots')
  .addOption(new Option('--runtime <name>', 'the runtime to look at').choices(['auto', 'docker', 'host']))
  .action(async (options) => {
    const { doctor } = await import('./doctor.ts')
    process.exit(await doctor(options))
  })

addSnapshotsCommand(program)
addReplayCommand(program, version())
addTestCommand(program, version())

try {
  await program.parseAsync(separateTestArguments(program, process.argv))
} catch (error) {
  process.stderr.write(`osrun: ${isOsrunError(error) ? `${error.code}: ${error.message}` : String(error)}\n`)
  process.exit(ownFailure)
}

function version(): string {
  for (const path of ['../../../package.json', '../../package/package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
        return String(parsed.version)
      }
    } catch {
      // Built and unbuilt, the manifest lies in another folder.
    }
  }
  return '0.0.0'
}
