import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import { type CallSite, failureAt, moveTo } from './call-site.ts'
import { commandLine, describeCommand } from './command-line.ts'
import { failureMessages } from './failure-message.ts'
import { Output, textPieces } from './output.ts'
import { GuestProcess, type ProcessEnd, type ProcessRequest } from './process.ts'
import { type RunResult, WinCommandError } from './result.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'
import type { Streams } from './streams.ts'

const defaultMaxBuffer = 100_000_000
// TCG included: the agent answers a KILL as soon as the tree is gone.
const killDeadline = 60_000

/** Why we ended a command ourselves. */
type Cut =
  | { readonly why: 'timeout' | 'maxBuffer' }
  | { readonly why: 'signal'; readonly signal: AbortSignal }
  | { readonly why: 'listener'; readonly error: unknown }

/**
 * Runs one command to its end.
 * @throws WinCommandError where it failed and `reject` is not `false`
 * @throws OsrunError where it was not started, or its end is not known; and what `onStdout` or `onStderr` throws
 */
export async function runCommand(
  streams: Streams,
  command: string | readonly string[],
  options: RunOptions,
  signals: readonly AbortSignal[],
  site: CallSite,
): Promise<RunResult<string | Uint8Array>> {
  try {
    checkRunOptions(options)
    return await run(streams, command, options, signals, site)
  } catch (error) {
    throw isOsrunError(error) ? failureAt(site, error) : error
  }
}

async function run(
  streams: Streams,
  command: string | readonly string[],
  options: RunOptions,
  signals: readonly AbortSignal[],
  site: CallSite,
): Promise<RunResult<string | Uint8Array>> {
  const { maxBuffer = defaultMaxBuffer, timeout } = options
  const request = toRequest(command, options)
  const stdout = collect(options, options.onStdout)
  const stderr = collect(options, options.onStderr)
  const begin = performance.now()
  const cut = new Cutter(options, signals)
  let end: ProcessEnd | undefined
  let pid: number | undefined
  if (!cut.made) {
    const process = new GuestProcess(streams, request, (channel, bytes) => {
      try {
        if (!(channel === 'stdout' ? stdout : stderr).add(bytes)) {
          cut.make({ why: 'maxBuffer' })
        }
      } catch (error) {
        cut.make({ why: 'listener', error })
      }
    })
    feed(process, options.input)
    end = await cut.race(process)
    pid = await process.pid
  }
  if (cut.made?.why === 'listener') {
    throw cut.made.error
  }
  const result = {
    command: describeCommand(command),
    exitCode: end?.kind === 'exit' ? end.code : undefined,
    stdout: stdout.end(),
    stderr: stderr.end(),
    durationMs: performance.now() - begin,
    failed: cut.made !== undefined || end?.kind !== 'exit' || end.code !== 0,
    timedOut: cut.made?.why === 'timeout',
    isCanceled: cut.made?.why === 'signal',
    isTerminated: end?.kind === 'killed',
    isMaxBuffer: cut.made?.why === 'maxBuffer',
    pid,
  }
  if (!result.failed || options.reject === false) {
    return result
  }
  const { shortMessage, message } = failureMessages(result, { timeout, maxBuffer })
  const cause = cut.made?.why === 'signal' ? { cause: cut.made.signal.reason } : undefined
  throw moveTo(site, new WinCommandError(result, shortMessage, message, cause))
}

function toRequest(command: string | readonly string[], { cwd, env, input, shell }: RunOptions): ProcessRequest {
  return {
    commandLine: commandLine(command, shell),
    stdin: input === undefined ? 'null' : 'pipe',
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && {
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? null])),
    }),
  }
}

function feed(process: GuestProcess, input: string | Uint8Array | undefined): void {
  if (input !== undefined) {
    process.write(typeof input === 'string' ? new TextEncoder().encode(input) : input)
    process.endInput()
  }
}

function collect({ encoding, maxBuffer = defaultMaxBuffer }: RunOptions, hear: RunOptions['onStdout']) {
  if (encoding === 'buffer') {
    const output = new Output(maxBuffer, hear)
    return { add: (bytes: Uint8Array) => output.add(bytes), end: () => output.bytes }
  }
  const pieces = hear && textPieces(hear)
  const output = new Output(maxBuffer, (bytes) => pieces?.add(bytes))
  return {
    add: (bytes: Uint8Array) => output.add(bytes),
    end: () => {
      pieces?.end()
      return output.text
    },
  }
}

/** Waits for a command's end, and brings it about where the command may not go on. */
class Cutter {
  readonly #timeout: number
  readonly #signals: readonly AbortSignal[]
  #kill: (() => void) | undefined
  made: Cut | undefined

  constructor({ timeout = 0, signal }: RunOptions, signals: readonly AbortSignal[]) {
    this.#timeout = timeout
    this.#signals = signal === undefined ? signals : [signal, ...signals]
    const aborted = signal?.aborted ? signal : undefined
    if (aborted !== undefined) {
      this.made = { why: 'signal', signal: aborted }
    }
  }

  make(cut: Cut): void {
    if (this.made === undefined) {
      this.made = cut
      this.#kill?.()
    }
  }

  async race(process: GuestProcess): Promise<ProcessEnd> {
    const timers: NodeJS.Timeout[] = []
    this.#kill = () => {
      process.kill()
      timers.push(setTimeout(() => process.abandon(deaf()), killDeadline))
    }
    if (this.#timeout > 0) {
      timers.push(setTimeout(() => this.make({ why: 'timeout' }), this.#timeout))
    }
    const ears = this.#signals.map((signal) => {
      const onAbort = () => this.make({ why: 'signal', signal })
      signal.addEventListener('abort', onAbort, { once: true })
      return () => signal.removeEventListener('abort', onAbort)
    })
    try {
      return await process.ended
    } finally {
      timers.map(clearTimeout)
      ears.map((remove) => remove())
    }
  }
}

function deaf(): OsrunError {
  return new OsrunError(
    'MACHINE_UNRESPONSIVE',
    `The guest did not end a command within ${killDeadline / 1000} seconds after it was told to; restore the machine`,
  )
}
