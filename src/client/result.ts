/** What became of a command. */
export interface RunResult<Output extends string | Uint8Array = string> {
  /** The command as it was given; an array's items quoted where they need it. */
  readonly command: string
  /** Unsigned, 32 bits, as Windows has it; undefined when the command did not end by itself. */
  readonly exitCode: number | undefined
  /** With `encoding: 'utf8'`: lines end with `\n`, and the last line's end is left out, on every machine alike. */
  readonly stdout: Output
  /** As `stdout`. */
  readonly stderr: Output
  /** From asking for the command to knowing its end, seen from the test. */
  readonly durationMs: number
  /** True for every end but exit code 0. */
  readonly failed: boolean
  /** The `timeout` option ended it. */
  readonly timedOut: boolean
  /** A signal ended it: the `signal` option's, or the running test's. */
  readonly isCanceled: boolean
  /** It was killed; it did not exit. */
  readonly isTerminated: boolean
  /** It wrote more than `maxBuffer`. */
  readonly isMaxBuffer: boolean
  /** In the guest; undefined when it was not started. */
  readonly pid: number | undefined
}

const brand = Symbol.for('osrun.win-command-error.v1')

/** A command that failed. It has the fields of the command's `RunResult`, and a `cause` where a signal ended it. */
export class WinCommandError<Output extends string | Uint8Array = string> extends Error implements RunResult<Output> {
  override readonly name = 'WinCommandError'
  /** One line: what happened to which command. `message` has its output besides. */
  readonly shortMessage: string
  readonly command: string
  readonly exitCode: number | undefined
  readonly stdout: Output
  readonly stderr: Output
  readonly durationMs: number
  readonly failed: boolean
  readonly timedOut: boolean
  readonly isCanceled: boolean
  readonly isTerminated: boolean
  readonly isMaxBuffer: boolean
  readonly pid: number | undefined

  constructor(result: RunResult<Output>, shortMessage: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.shortMessage = shortMessage
    this.command = result.command
    this.exitCode = result.exitCode
    this.stdout = result.stdout
    this.stderr = result.stderr
    this.durationMs = result.durationMs
    this.failed = result.failed
    this.timedOut = result.timedOut
    this.isCanceled = result.isCanceled
    this.isTerminated = result.isTerminated
    this.isMaxBuffer = result.isMaxBuffer
    this.pid = result.pid
    Object.defineProperty(this, brand, { value: true })
  }

  /** What a test runner tells of it: below the message, which has the output already, it prints the rest. */
  toJSON(): object {
    const { name, message, stack, exitCode, durationMs, pid } = this
    return { name, message, stack, exitCode, durationMs: Math.round(durationMs), pid }
  }
}

/** True for a `WinCommandError` of any copy of this package: test runners load modules more than once. */
export function isWinCommandError(value: unknown): value is WinCommandError {
  return typeof value === 'object' && value !== null && brand in value
}
