#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isOsrunError } from '../protocol/errors.ts'
import { accelOption, cacheOption, guestFilesOption } from './options.ts'
import { takeCommands } from './run/command.ts'
import { ownFailure } from './run/exit-code.ts'
import { addSnapshotsCommand } from './snapshots/command.ts'

const program = new Command('osrun')
  .description('Runs a command in a clean Windows of its own: a virtual machine, restored from a snapshot.')
  .version(version())
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : ownFailure))

takeCommands(program, version())

program
  .command('serve')
  .description('run the machine room: a websocket that gives out machines')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 lets the system choose', wholeNumber, 0)
  .option('--token-file <file>', 'file with the token; removed once read (default: OSRUN_TOKEN, else made and logged)')
  .addOption(cacheOption())
  .addOption(accelOption('accelerator'))
  .option('--machines <number>', 'most machines at once (default: from cores and memory)', positive)
  .option('--standbys <number>', 'most machines restored ahead; 0 for none (default: from cores)', wholeNumber)
  .option('--temp-drive', 'keep in memory what the machines write to their disks')
  .option('--memory <MiB>', 'memory of a guest', positive)
  .option('--cpus <number>', 'virtual CPUs of a guest', positive)
  .option('--exit-when-idle <seconds>', 'end when no client has been connected for so long', wholeNumber)
  .addOption(guestFilesOption())
  .option('--expose', 'for debugging only: let anybody on this computer run commands in the machines (port 5454)')
  .action(async (options) => {
    const { serveCommand } = await import('./serve.ts')
    process.exit(await serveCommand(options, version()))
  })

program
  .command('doctor')
  .description('say what this host can do, what is missing, and what to do about it')
  .option('--install', 'install what is missing, after saying what')
  .option('--yes', 'do not ask before installing')
  .option('--json', 'print the findings as JSON')
  .option('--cache <folder>', 'folder for guests and snapshots')
  .addOption(new Option('--runtime <name>', 'the runtime to look at').choices(['auto', 'docker', 'host']))
  .action(async (options) => {
    const { doctor } = await import('./doctor.ts')
    process.exit(await doctor(options))
  })

addSnapshotsCommand(program)

try {
  await program.parseAsync()
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

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new InvalidArgumentError('Expected a whole number.')
  }
  return Number(text)
}

function positive(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) {
    throw new InvalidArgumentError('Expected a number above 0.')
  }
  return value
}
