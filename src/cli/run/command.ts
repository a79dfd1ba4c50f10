import type { Command } from 'commander'
import { choice, defaultGuest, readCount, readMemory, readNumber } from '../options.ts'
import type { RunCommand } from './options.ts'

/** `osrun [flags] '<command>'`: what the program does where the first word names no command of its own. */
export function takeCommands(program: Command, version: string): void {
  program
    .argument('[command...]')
    .usage("[flags] '<command>'")
    // What stands behind the command's first word is the command's.
    .enablePositionalOptions()
    .passThroughOptions()
    .option('-v, --verbose', 'say what happens, and where the desktop is')
    .option('-s, --use-snapshot <name>', 'start from this one', 'provisioned')
    .option('-n, --new-snapshot <name>', 'keep the machine when the command has succeeded')
    .option('--replace', 'let --new-snapshot replace one that exists')
    .option('-p, --pause', 'let the machine go on until Ctrl-C')
    .option('-f, --forward-port <port>', 'a port of the machine, for this computer too', addPort)
    .option('-d, --drive <folder>', 'folder for guests and snapshots')
    .option('-t, --temp-drive', 'keep what the machine writes in memory')
    .option('-k, --keep', 'keep what an installation was made from')
    .option('--guest <name>', 'the guest', defaultGuest())
    .addOption(choice('--network <name>', 'isolated', 'internet'))
    .addOption(choice('--runtime <name>', 'auto', 'docker', 'host'))
    .addOption(choice('--accel <name>', 'auto', 'kvm', 'hvf', 'tcg'))
    .option('--memory <amount>', 'memory of the guest, e.g. 2GiB', readMemory)
    .option('--cpus <number>', 'virtual CPUs of the guest', readCount('cpus'))
    .option('--expose', 'for debugging only: ports for VNC, monitor and agents, without a token')
    .action(async (words: string[], options: RunCommand) => {
      if (words.length === 0) {
        program.help({ error: true })
      }
      const { runInWindows } = await import('./run.ts')
      process.exit(await runInWindows(words.join(' '), options, version))
    })
}

const readPort = readNumber(1, 65_535)

function addPort(text: string, ports: number[] = []): number[] {
  return [...ports, readPort(text)]
}
