import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import { type CallSite, failureAt, moveTo } from './call-site.ts'
import { type Collector, collector, defaultMaxBuffer } from './collect.ts'
import { commandLine, describeCommand } from './command-line.ts'
import { type Cut, Cutter } from './cut.ts'
import type { DialogWatch, OpenDialog } from './dialog-watch.ts'
import { dialogMessage, failureMessages } from './failure-message.ts'
import { GuestProcess, type OutputListener, type ProcessEnd, type ProcessRequest } from './process.ts'
import { type RunResult, WinCommandError } from './result.ts'
import type { DialogMode, SpawnOptions } from './run-options.ts'
import type { Streams } from './streams.ts'

/** Whose command it is. */
export interface CommandOrigin {
  readonly streams: Streams
  /** Signals that end it, besides the option `signal`. */
  readonly signals: readonly AbortSignal[]
  readonly site: CallSite
  readonly dialogs: DialogWatch
  /** What holds for dialogs where the command's options do not say it. */
  readonly dialogMode: DialogMode
  /** Hears of the command once it was asked for. */
  readonly record?: CommandRecorder | undefined
}

/** Keeps a record of commands. */
export type CommandRecorder = (command: RecordedCommand) => void

/** A command as it is recorded. */
export interface RecordedCommand {
  /** As in its `RunResult`. */
  readonly command: string
  readonly cwd: string | undefined
  /** What it wrote so far. */
  readonly stdout: Pick<Collector, 'bytes'>
  /** As `stdout`. */
  readonly stderr: Pick<Collector, 'bytes'>
  /** The screen, a PNG, at the moment when it was ended for a dialog. */
  readonly picture?: () => Uint8Array | undefined
  /** What became of it; rejects as the caller's own promise does. */
  readonly result: Promise<RunResult<string | Uint8Array>>
}

/** What a command is started with, besides its options. */
export interface CommandContext extends CommandOrigin {
  readonly stdin: 'pipe' | 'null'
  /** Hears the output after the options' own listeners. */
  readonly hear?: OutputListener
}

/** A command that was asked for. */
export interface Command {
  /** Resolves when the guest was asked to start it; with undefined where it was canceled before. */
  readonly process: Promise<GuestProcess | undefined>
  readonly stdout: Collector
  readonly stderr: Collector
  /**
   * Rejects with a WinCommandError where it failed and `reject` is not `false`; with an OsrunError where it was not
   * started, or its end is not known; and with what `onStdout` or `onStderr` threw.
   */
  readonly result: Promise<RunResult<string | Uint8Array>>
  cut(cut: Cut): void
}

/** Starts a command. @throws OsrunError BAD_OPTION for what no command line can carry */
export function startCommand(
  command: string | readonly string[],
  options: SpawnOptions,
  context: CommandContext,
): Command {
  const request = toRequest(command, options, context.stdin)
  const stdout = collector(options, options.onStdout)
  const stderr = collector(options, options.onStderr)
  const { timeout = 0, signal } = options
  const cutter = new Cutter(timeout, signal === undefined ? context.signals : [signal, ...context.signals])
  const started = Promise.withResolvers<GuestProcess | undefined>()
  started.promise.catch(() => {})

  const onOutput: OutputListener = (channel, bytes) => {
    try {
      if (!(channel === 'stdout' ? stdout : stderr).add(bytes)) {
        cutter.make({ why: 'maxBuffer' })
      }
    } catch (error) {
      cutter.make({ why: 'listener', error })
    }
    return context.hear?.(channel, bytes)
  }

  const onDialog = (dialog: OpenDialog) => cutter.make({ why: 'dialog', dialog })
  const watched = (options.dialogs ?? context.dialogMode) === 'fail'
  const stopWatching = watched ? context.dialogs.watch(pidOf(started.promise), onDialog) : undefined

  async function conduct(): Promise<RunResult<string | Uint8Array>> {
    const begin = performance.now()
    await cutter.before(context.streams.ready())
    let end: ProcessEnd | undefined
    let pid: number | undefined
    if (cutter.made === undefined) {
      const process = new GuestProcess(context.streams, request, onOutput)
      started.resolve(process)
      end = await cutter.end(process)
      pid = await process.pid
    } else {
      started.resolve(undefined)
    }
    if (cutter.made?.why === 'listener') {
      throw cutter.made.error
    }
    const durationMs = performance.now() - begin
    const outputs = { stdout: stdout.end(), stderr: stderr.end() }
    if (cutter.made?.why === 'dialog') {
      const { window } = cutter.made.dialog
      const told = { ...outputs, command: describeCommand(command), durationMs }
      throw new OsrunError('DIALOG_OPEN', dialogMessage(window, told))
    }
    return judge({ command: describeCommand(command), ...outputs, durationMs, pid }, end, cutter.made, options, context)
  }

  const result = conduct()
    .catch((error: unknown) => {
      started.reject(error)
      throw isOsrunError(error) ? failureAt(context.site, error) : error
    })
    .finally(() => {
      cutter.stop()
      return stopWatching?.()
    })
  const picture = () => (cutter.made?.why === 'dialog' ? cutter.made.dialog.picture : undefined)
  context.record?.({ command: describeCommand(command), cwd: options.cwd, stdout, stderr, picture, result })
  return { process: started.promise, stdout, stderr, result, cut: (cut) => cutter.make(cut) }
}

/** Of a command that is started. */
export async function pidOf(process: Promise<GuestProcess | undefined>): Promise<number> {
  const started = await process
  if (started === undefined) {
    throw new OsrunError('CANCELED', 'The command was canceled before it started')
  }
  return started.pid
}

function toRequest(
  command: string | readonly string[],
  { cwd, env, shell, tty }: SpawnOptions,
  stdin: 'pipe' | 'null',
): ProcessRequest {
  return {
    commandLine: commandLine(command, shell),
    stdin,
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && {
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? null])),
    }),
    ...(tty !== undefined && { tty: { columns: tty.columns, rows: tty.rows } }),
  }
}

function judge(
  known: Pick<RunResult<string | Uint8Array>, 'command' | 'stdout' | 'stderr' | 'durationMs' | 'pid'>,
  end: ProcessEnd | undefined,
  cut: Cut | undefined,
  { reject, timeout, maxBuffer = defaultMaxBuffer }: SpawnOptions,
  { site }: CommandContext,
): RunResult<string | Uint8Array> {
  const { command, stdout, stderr, durationMs, pid } = known
  const result = {
    command,
    exitCode: end?.kind === 'exit' ? end.code : undefined,
    ...{ stdout, stderr, durationMs },
    failed: cut !== undefined || end?.kind !== 'exit' || end.code !== 0,
    timedOut: cut?.why === 'timeout',
    isCanceled: cut?.why === 'signal',
    isTerminated: end?.kind === 'killed',
    isMaxBuffer: cut?.why === 'maxBuffer',
    pid,
  }
  if (!result.failed || reject === false) {
    return result
  }
  const { shortMessage, message } = failureMessages(result, { timeout, maxBuffer })
  const cause = cut?.why === 'signal' ? { cause: cut.signal.reason } : undefined
  throw moveTo(site, new WinCommandError(result, shortMessage, message, cause))
}
