import type { RecordedCommand } from '../../src/client/command.ts'
import { endingOf } from '../../src/client/failure-message.ts'
import { isWinCommandError, type RunResult } from '../../src/client/result.ts'
import { isOsrunError } from '../../src/protocol/errors.ts'

/** One command of a test, at the moment of asking. */
export interface LoggedCommand {
  readonly command: string
  readonly cwd: string | undefined
  /** Milliseconds from the test's beginning to the command's. */
  readonly at: number
  /** Until its end, or until now. */
  readonly durationMs: number
  /** How it ended: `exit code 1`, `timed out`, an error's message; undefined while it runs. */
  readonly end: string | undefined
  /** The end of what it wrote. */
  readonly stdout: Excerpt
  readonly stderr: Excerpt
  /** The screen, a PNG, where it was ended for what the screen showed. */
  readonly picture?: Uint8Array | undefined
}

/** The end of a text. */
export interface Excerpt {
  readonly text: string
  /** Characters, or bytes where the output is no text, that are not in it. */
  readonly left: number
}

const mostCommands = 100
const longestExcerpt = 10_000

/** What one test ran, the last commands of it: cheap to keep, for most tests pass and nobody reads it. */
export class CommandLog {
  readonly #begin = performance.now()
  readonly #commands: (() => LoggedCommand)[] = []
  #dropped = 0

  readonly record = (recorded: RecordedCommand): void => {
    const place = this.#commands.push(this.#running(recorded)) - 1 + this.#dropped
    const settle = (command: LoggedCommand) => {
      // A command that was dropped meanwhile has no place any more.
      if (place >= this.#dropped) {
        this.#commands[place - this.#dropped] = () => command
      }
    }
    const at = performance.now() - this.#begin
    const { command, cwd } = recorded
    recorded.result.then(
      (result) => settle({ command, cwd, at, ...ended(result) }),
      (error) => settle(this.#failed(recorded, at, error)),
    )
    if (this.#commands.length > mostCommands) {
      this.#commands.shift()
      this.#dropped += 1
    }
  }

  /** The commands so far, and how many came before them. */
  read(): { commands: LoggedCommand[]; dropped: number } {
    return { commands: this.#commands.map((command) => command()), dropped: this.#dropped }
  }

  #running({ command, cwd, stdout, stderr }: RecordedCommand): () => LoggedCommand {
    const begin = performance.now()
    return () => ({
      ...{ command, cwd, at: begin - this.#begin, durationMs: performance.now() - begin, end: undefined },
      ...{ stdout: excerptOf(stdout.bytes), stderr: excerptOf(stderr.bytes) },
    })
  }

  #failed(recorded: RecordedCommand, at: number, error: unknown): LoggedCommand {
    const { command, cwd, stdout, stderr } = recorded
    if (isWinCommandError(error)) {
      return { command, cwd, at, ...ended(error) }
    }
    return {
      ...{ command, cwd, at, durationMs: performance.now() - this.#begin - at },
      end: describeError(error),
      picture: recorded.picture?.(),
      ...{ stdout: excerptOf(stdout.bytes), stderr: excerptOf(stderr.bytes) },
    }
  }
}

function describeError(error: unknown): string {
  // The test's own error has the dialog's text.
  if (isOsrunError(error) && error.code === 'DIALOG_OPEN') {
    return 'ended for a dialog that nobody answered'
  }
  return error instanceof Error ? error.message : String(error)
}

function ended(
  result: RunResult<string | Uint8Array>,
): Pick<LoggedCommand, 'durationMs' | 'end' | 'stdout' | 'stderr'> {
  const { durationMs, stdout, stderr } = result
  return { durationMs, end: endingOf(result), stdout: excerptOf(stdout), stderr: excerptOf(stderr) }
}

/** A copy: an output of many megabytes must not live on because of its end. */
function excerptOf(output: string | Uint8Array): Excerpt {
  const left = Math.max(output.length - longestExcerpt, 0)
  if (typeof output === 'string') {
    return { text: left === 0 ? output : Buffer.from(output.slice(left)).toString(), left }
  }
  return { text: new TextDecoder().decode(output.subarray(left)).replaceAll('\r\n', '\n'), left }
}
