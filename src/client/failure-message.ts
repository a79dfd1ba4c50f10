import type { DesktopWindow } from './desktop.ts'
import { printable } from './printable.ts'
import type { RunResult } from './result.ts'

/** Why a command failed, besides what its result tells. */
export interface FailureDetails {
  /** Milliseconds. */
  readonly timeout?: number | undefined
  /** Bytes. */
  readonly maxBuffer: number
}

/** The prose of a failed command: one line, and the same with what the command wrote. */
export function failureMessages(
  result: RunResult<string | Uint8Array>,
  details: FailureDetails,
): { shortMessage: string; message: string } {
  const shortMessage = `${reason(result, details)}: ${printable(beginningOf(result.command))}`
  return { shortMessage, message: [shortMessage, ...outputsOf(result)].join('\n\n') }
}

/** What a command wrote, for a person: what is not empty, and the end of what is long. */
export function outputsOf({ stderr, stdout }: Pick<RunResult<string | Uint8Array>, 'stderr' | 'stdout'>): string[] {
  return [stderr, stdout].map(shown).filter((text) => text !== '')
}

/** The prose of a command that was ended for a dialog. */
export function dialogMessage(
  { title, program, text, buttons }: Pick<DesktopWindow, 'title' | 'program' | 'text' | 'buttons'>,
  ended: Pick<RunResult<string | Uint8Array>, 'command' | 'stdout' | 'stderr' | 'durationMs'>,
): string {
  const dialog = [title, text, buttons.map((label) => `[${label}]`).join(' ')].filter((each) => each !== '')
  return [
    `A dialog of ${printable(program || 'its program')} waits for an answer, and the command was ended for it after ` +
      `${(ended.durationMs / 1000).toFixed(1)} s: ${printable(beginningOf(ended.command))}`,
    printable(dialog.join('\n').slice(0, longestDialog)),
    ...outputsOf(ended),
    'Run the program so that it asks nothing, answer by `win.keyboard` while it runs, or wait on with `dialogs: "ignore"`.',
  ].join('\n\n')
}

/** How a command ended, in a few words: `exit code 1`, `timed out`. */
export function endingOf(result: RunResult<string | Uint8Array>): string {
  if (result.timedOut) {
    return 'timed out'
  }
  if (result.isCanceled) {
    return 'canceled'
  }
  if (result.isMaxBuffer) {
    return 'killed: it wrote too much'
  }
  return result.exitCode === undefined ? 'killed' : `exit code ${result.exitCode}${hint(result.exitCode)}`
}

const longestCommand = 1000
const longestDialog = 2000
const longestOutput = 10_000

// The ends that people look up most; the others are found by their hexadecimal form.
const namedStatus = new Map([
  [0xc000_0005, 'access violation'],
  [0xc000_00fd, 'stack overflow'],
  [0xc000_0135, 'a DLL was not found'],
  [0xc000_0139, 'an entry point was not found in a DLL'],
  [0xc000_013a, 'ended by Ctrl-C'],
  [0xc000_0142, 'a DLL did not initialize'],
  [0xc000_0409, 'stack buffer overrun, or abort'],
])
const firstErrorStatus = 0x8000_0000
const unknownToCmd = 9009

function reason(result: RunResult<string | Uint8Array>, { timeout, maxBuffer }: FailureDetails): string {
  if (result.timedOut) {
    return `Command timed out after ${timeout} milliseconds`
  }
  if (result.isCanceled) {
    return result.pid === undefined ? 'Command was canceled before it started' : 'Command was canceled'
  }
  if (result.isMaxBuffer) {
    return `Command wrote more than the \`maxBuffer\` of ${maxBuffer} bytes`
  }
  if (result.exitCode === undefined) {
    return 'Command was killed'
  }
  return `Command failed with exit code ${result.exitCode}${hint(result.exitCode)}`
}

function hint(exitCode: number): string {
  if (exitCode === unknownToCmd) {
    return ' (cmd knows no such command)'
  }
  if (exitCode < firstErrorStatus) {
    return ''
  }
  const name = namedStatus.get(exitCode)
  return ` (0x${exitCode.toString(16).toUpperCase()}${name === undefined ? '' : `, ${name}`})`
}

function shown(output: string | Uint8Array): string {
  if (typeof output !== 'string') {
    return output.length === 0 ? '' : `[${output.length} bytes]`
  }
  return printable(endOf(output.trimEnd()))
}

function beginningOf(command: string): string {
  return command.length <= longestCommand ? command : `${command.slice(0, longestCommand)}…`
}

function endOf(output: string): string {
  const left = output.length - longestOutput
  return left <= 0 ? output : `[${left} characters before these are left out here]\n${output.slice(left)}`
}
