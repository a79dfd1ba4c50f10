import { type Command, InvalidArgumentError } from 'commander'
import { type KnownOption, separate } from '../inside/arguments.ts'
import { nodeVersionPattern } from '../inside/windows-node.ts'
import { accelOption, choice, defaultGuest, readCount, readMemory, readNumber } from './options.ts'
import type { TestCommand } from './test.ts'

const name = 'test'

/** `osrun test [options] [vitest arguments]`. */
export function addTestCommand(program: Command, version: string): void {
  program
    .command(name)
    .description('run the Vitest suite of this folder in Windows')
    .usage('[options] [vitest arguments]')
    .argument('[arguments...]', 'what follows the options goes to Vitest: -t, -u, --coverage, files, ...')
    .passThroughOptions()
    .option('--verbose', 'say what the machine room says')
    .option('--guest <name>', 'the guest', defaultGuest())
    .option('--node <version>', 'version of Node in the guest, e.g. 24 or 24.21.0', readNode, ourMajor())
    .option('--include <path>', 'files that git ignores and the suite needs; repeatable', collect, [])
    .option('--env <name=value>', 'an environment variable for the suite; repeatable', readVariable, {})
    .option('--shards <number>', 'machines that share the test files', readNumber(1, 64), 1)
    .option('--side-by-side', 'run the suite on this computer too, with one report')
    .option('--drive <folder>', 'folder for guests and snapshots')
    .addOption(choice('--network <name>', 'isolated', 'internet'))
    .addOption(choice('--runtime <name>', 'auto', 'docker', 'host'))
    .addOption(accelOption('accelerator'))
    .option('--memory <amount>', 'memory of the guest, e.g. 2GiB', readMemory)
    .option('--cpus <number>', 'virtual CPUs of the guest', readCount('cpus'))
    .action(async (given: string[], options: TestCommand) => {
      const { testInWindows } = await import('./test.ts')
      process.exit(await testInWindows(given, options, version))
    })
}

/**
 * The program's arguments, with `--` where those of Vitest begin: its options are its own, known to osrun or not.
 * @param argv as a program gets them
 */
export function separateTestArguments(program: Command, argv: readonly string[]): string[] {
  const [node = '', script = '', command, ...given] = argv
  const test = program.commands.find((each) => each.name() === name)
  if (command !== name || test === undefined) {
    return [...argv]
  }
  const known: KnownOption[] = test.options.map(({ short, long, required, optional }) => ({
    flags: [short, long].filter((flag) => flag !== undefined),
    takesValue: required || optional,
  }))
  return [node, script, name, ...separate(given, [...known, { flags: ['-h', '--help'], takesValue: false }])]
}

function readNode(text: string): string {
  if (!nodeVersionPattern.test(text)) {
    throw new InvalidArgumentError('Expected a version, e.g. 24 or 24.21.0.')
  }
  return text
}

function ourMajor(): string {
  return process.versions.node.split('.')[0] ?? ''
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text]
}

function readVariable(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, variable, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (variable === undefined || value === undefined) {
    throw new InvalidArgumentError('Expected a name and a value, e.g. TZ=UTC.')
  }
  return { ...before, [variable]: value }
}
