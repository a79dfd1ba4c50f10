import * as v from 'valibot'
import { checkOptions } from '../protocol/check-options.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { Shell } from './command-line.ts'
import type { TerminalSize } from './process.ts'

/** `utf8` gives output as text, `buffer` as bytes. */
export type Encoding = 'utf8' | 'buffer'

/** What a dialog that nobody answers does to the command that waits for it. */
export type DialogMode = 'fail' | 'ignore'

/** What output is given as. */
export type Chunk<E extends Encoding> = E extends 'buffer' ? Uint8Array : string

/** How a command runs. The names are execa's where execa has the option. */
export interface RunOptions<E extends Encoding = Encoding> {
  /** Working folder in the guest, e.g. `C:\project`. Default: the guest user's own folder. */
  readonly cwd?: string
  /** Environment variables to add; `undefined` removes one. The others are the guest user's. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What the command reads from stdin; text is sent as UTF-8. Default: nothing, stdin is empty. */
  readonly input?: string | Uint8Array
  /** Milliseconds after which the command and all that it started is killed. Default 0: never. */
  readonly timeout?: number
  /** Aborting it kills the command and all that it started. */
  readonly signal?: AbortSignal
  /**
   * `cmd`: the default of a string. `powershell`: the string is a PowerShell script. `false`: the default of an array; a
   * string is then the whole command line.
   */
  readonly shell?: Shell
  /** `false` returns the result of a failed command in place of rejecting. Default `true`. */
  readonly reject?: boolean
  /** `buffer` gives stdout and stderr as bytes, untouched. Default `utf8`. */
  readonly encoding?: E
  /** Called while the command runs: with text whose line ends are `\n`, or with bytes where `encoding` is `buffer`. */
  onStdout?(chunk: Chunk<E>): void
  /** As `onStdout`. */
  onStderr?(chunk: Chunk<E>): void
  /** Bytes of stdout, and of stderr, beyond which the command is killed and fails. Default 100,000,000. */
  readonly maxBuffer?: number
  /**
   * `fail` ends a command whose program waits for an answer to a dialog (a message box, an error dialog), and rejects with
   * DIALOG_OPEN, unless keyboard, mouse or screenshots of this machine were used since the command began. It looks
   * after 5 seconds, and then now and then. `ignore` waits on. Default: the option `dialogs` of the machine, else `fail`;
   * of `spawn` always `ignore`.
   */
  readonly dialogs?: DialogMode
}

/** How a command runs that is talked with. */
export interface SpawnOptions<E extends Encoding = Encoding> extends Omit<RunOptions<E>, 'input'> {
  /** Gives the command a terminal of that size in place of pipes: a prompt, colours, Ctrl-C as `\x03` on stdin. */
  readonly tty?: TerminalSize
  /** `false` keeps no output for the result: for output without end. `stdout` and `stderr` must be read. Default `true`. */
  readonly buffer?: boolean
}

const longestTimeout = 2 ** 31 - 1
const withoutNul = v.pipe(v.string('a string'), v.regex(/^[^\0]*$/, 'a string without NUL characters'))
/** Also an option of whole machines. */
export const dialogsOption = v.optional(v.picklist(['fail', 'ignore'], '"fail" or "ignore"'))
const listener = v.function('a function')

// A message is the end of the sentence "Expected the option to be ...".
const common = {
  cwd: v.optional(v.pipe(withoutNul, v.nonEmpty('a folder in the guest'))),
  env: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[^=\0]+$/, 'a name without "="')), v.optional(withoutNul), 'an object'),
  ),
  timeout: v.optional(
    v.pipe(
      v.number('a number of milliseconds'),
      v.minValue(0, 'a number of milliseconds from 0 on'),
      v.maxValue(longestTimeout, `a number of milliseconds up to ${longestTimeout}`),
    ),
  ),
  // Not `instance`: a test runner's own globals have an AbortSignal of their own.
  signal: v.optional(v.custom<AbortSignal>(isSignal, 'an AbortSignal')),
  shell: v.optional(
    v.union([v.literal('cmd'), v.literal('powershell'), v.literal(false)], '"cmd", "powershell" or false'),
  ),
  reject: v.optional(v.boolean('true or false')),
  encoding: v.optional(v.picklist(['utf8', 'buffer'], '"utf8" or "buffer"')),
  onStdout: v.optional(listener),
  onStderr: v.optional(listener),
  maxBuffer: v.optional(v.pipe(v.number('a number of bytes'), v.minValue(1, 'a number of bytes from 1 on'))),
  dialogs: dialogsOption,
}
const run = v.strictObject({
  ...common,
  input: v.optional(v.union([v.string(), v.instance(Uint8Array)], 'a string or a Uint8Array')),
})
const side = 'a whole number from 1 to 1000'
const length = v.pipe(v.number(side), v.integer(side), v.minValue(1, side), v.maxValue(1000, side))
const terminalSize = v.strictObject({ columns: length, rows: length })
const spawn = v.strictObject({
  ...common,
  tty: v.optional(terminalSize),
  buffer: v.optional(v.boolean('true or false')),
})

/** @throws OsrunError BAD_OPTION, which names the option, what was expected and what came */
export function checkRunOptions(options: RunOptions): void {
  checkOptions(run, options, 'the options of `run`')
}

/** @throws OsrunError BAD_OPTION */
export function checkSpawnOptions(options: SpawnOptions): void {
  checkOptions(spawn, options, 'the options of `spawn`')
}

/** @throws OsrunError BAD_OPTION, also where the command has no terminal */
export function checkTerminalSize(size: TerminalSize, { tty }: SpawnOptions): void {
  if (tty === undefined) {
    throw new OsrunError('BAD_OPTION', 'Only a command that was started with the option `tty` has a size to change')
  }
  checkOptions(terminalSize, size, 'the arguments of `resize`')
}

function isSignal(value: unknown): boolean {
  return value !== null && typeof value === 'object' && 'aborted' in value && 'addEventListener' in value
}
