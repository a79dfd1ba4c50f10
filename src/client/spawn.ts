import type { Readable, Writable } from 'node:stream'
import { atSiteSync } from './call-site.ts'
import { type CommandOrigin, pidOf, startCommand } from './command.ts'
import type { TerminalSize } from './process.ts'
import { type ProcessOutput, processInput, processOutput } from './process-stream.ts'
import type { RunResult } from './result.ts'
import { checkSpawnOptions, checkTerminalSize, type SpawnOptions } from './run-options.ts'

/**
 * A command that runs. Awaiting it gives its result, as `run` does. Nobody has to: a failure that nobody awaits is no
 * unhandled rejection.
 */
export interface WinProcess<Output extends string | Uint8Array = string> extends PromiseLike<RunResult<Output>> {
  /** The process id in the guest. Rejects where the command was not started. */
  readonly pid: Promise<number>
  /** The command's stdin; ending it is the command's end of file. Text goes as UTF-8. */
  readonly stdin: Writable
  /**
   * The command's stdout, as bytes and untouched. Who takes it has to read it: what nobody reads holds the command back.
   * Without it being taken, output only goes into the result.
   */
  readonly stdout: Readable
  /** As `stdout`. Empty with `tty`. */
  readonly stderr: Readable
  /** Ends the command and all that it started; resolves when it is gone. Does nothing where it has ended. */
  kill(): Promise<void>
  /** Gives the terminal of a command with `tty` another size. @throws OsrunError BAD_OPTION */
  resize(columns: number, rows: number): Promise<void>
}

/** Starts one command. @throws OsrunError BAD_OPTION */
export function spawnCommand(
  command: string | readonly string[],
  options: SpawnOptions,
  origin: CommandOrigin,
): WinProcess<string | Uint8Array> {
  const { site } = origin
  const taken: Partial<Record<'stdout' | 'stderr', ProcessOutput>> = {}
  const started = atSiteSync(site, () => {
    checkSpawnOptions(options)
    return startCommand(command, options, {
      ...origin,
      // Whoever starts a program to talk with it may answer its dialogs, too, and has its output meanwhile.
      dialogMode: 'ignore',
      stdin: 'pipe',
      hear: (channel, bytes) => taken[channel]?.push(bytes),
    })
  })
  let over = false
  const settled = started.result.then(
    () => {},
    () => {},
  )
  settled.then(() => {
    over = true
    taken.stdout?.end()
    taken.stderr?.end()
  })

  function take(channel: 'stdout' | 'stderr'): Readable {
    let output = taken[channel]
    if (output === undefined) {
      output = processOutput()
      taken[channel] = output
      // What came before it was taken.
      const { bytes } = started[channel]
      if (bytes.length > 0) {
        output.push(bytes.slice())
      }
      if (over) {
        output.end()
      }
    }
    return output.readable
  }
  if (options.buffer === false) {
    take('stdout')
    take('stderr')
  }
  let stdin: Writable | undefined
  const pid = pidOf(started.process)
  pid.catch(() => {})

  return {
    pid,
    get stdin() {
      stdin ??= processInput(started.process)
      return stdin
    },
    get stdout() {
      return take('stdout')
    },
    get stderr() {
      return take('stderr')
    },
    async kill() {
      started.cut({ why: 'kill' })
      await settled
    },
    async resize(columns, rows) {
      const size: TerminalSize = { columns, rows }
      atSiteSync(site, () => checkTerminalSize(size, options))
      const process = await started.process
      process?.resize(size)
    },
    // biome-ignore lint/suspicious/noThenProperty: -- the contract: a process is what its result is awaited by
    then(onFulfilled, onRejected) {
      return started.result.then(onFulfilled, onRejected)
    },
  }
}
