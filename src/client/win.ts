import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import type { Lease, Method, Parameters, Result, SnapshotInfo } from '../protocol/messages.ts'
import { checkName } from '../protocol/names.ts'
import { type CallSite, callSite, failureAt } from './call-site.ts'
import type { Connection } from './connection.ts'
import type { RunResult } from './result.ts'
import { runCommand } from './run.ts'
import type { Chunk, Encoding, RunOptions } from './run-options.ts'
import { Streams } from './streams.ts'

export type { SnapshotInfo }

/** What the guest's screen shows. */
export interface Screenshot {
  readonly png: Uint8Array
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
}

/**
 * A machine that runs Windows, for whoever holds it. Disposing it gives the machine back; nothing done in it stays.
 *
 * A call that fails rejects with a `WinCommandError` where a command failed, and with an `OsrunError` otherwise.
 */
export interface Win extends AsyncDisposable {
  /** The guest's name, e.g. `wine`. */
  readonly guest: string
  /** The snapshot that the machine was last restored from. */
  readonly snapshotName: string
  /**
   * Runs a command to its end. A string goes to cmd, untouched: `win.run('dir C:\\')`. An array starts a program
   * without a shell, each argument exactly as given: `win.run(['findstr', '/c:two words', 'C:\\file.txt'])`.
   * @throws WinCommandError where the command failed
   * @throws OsrunError COMMAND_NOT_FOUND, OUTCOME_UNKNOWN, BAD_OPTION, ...
   */
  run<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options?: RunOptions<E>,
  ): Promise<RunResult<Chunk<E>>>
  /**
   * Keeps the machine's state of this moment, memory included, under a name. Await the commands of this `win` first;
   * programs that they left running are part of the snapshot.
   * @throws OsrunError SNAPSHOT_EXISTS unless `replace` is true, BAD_NAME, DISK_FULL, SNAPSHOT_FAILED
   */
  snapshot(name: string, options?: { readonly replace?: boolean }): Promise<SnapshotInfo>
  /**
   * Puts the machine back into the state of a snapshot, by default the one it was last restored from. Calls of
   * commands that are running reject with OUTCOME_UNKNOWN.
   * @throws OsrunError SNAPSHOT_NOT_FOUND, RESTORE_FAILED
   */
  restore(name?: string): Promise<void>
  /** The snapshots that this machine can be restored to. */
  snapshots(): Promise<SnapshotInfo[]>
  /** A picture of the guest's screen; with `path` it is also written to that file on the host. */
  screenshot(options?: { readonly path?: string }): Promise<Screenshot>
}

/** Hooks for whoever hands a `Win` to users. */
export interface WinHooks {
  /** Signals that end what is being run, besides the `signal` option: those of the running test. */
  readonly signals?: () => readonly AbortSignal[]
}

/** The machine that `connection` leased. It owns the connection. */
export function createWin(connection: Connection, lease: Lease, hooks: WinHooks = {}): Win {
  const streams = new Streams(connection)
  let current = lease

  async function ask<M extends Method>(method: M, params: Parameters<M>, site: CallSite): Promise<Result<M>> {
    try {
      return await connection.request(method, params)
    } catch (error) {
      throw failureAt(site, toOsrunError(error))
    }
  }

  function run<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options: RunOptions<E> = {},
  ): Promise<RunResult<Chunk<E>>> {
    // A test that timed out still cleans up: its signal ends what ran at that moment, not what comes after.
    const signals = (hooks.signals?.() ?? []).filter((signal) => !signal.aborted)
    const result = runCommand(streams, command, options as RunOptions, signals, callSite(run))
    return result as Promise<RunResult<Chunk<E>>>
  }

  async function snapshot(name: string, { replace = false } = {}): Promise<SnapshotInfo> {
    const site = callSite(snapshot)
    return ask('snapshot', { name: nameAt(site, name), replace }, site)
  }

  async function restore(name?: string): Promise<void> {
    const site = callSite(restore)
    try {
      current = await ask('restore', name === undefined ? {} : { snapshot: nameAt(site, name) }, site)
    } catch (error) {
      const failure = toOsrunError(error)
      if (!leavesMachineAlone.has(failure.code)) {
        streams.lose(failure)
      }
      throw failure
    }
    streams.interrupt(new OsrunError('CANCELED', 'the machine was restored'))
    streams.renew()
  }

  function snapshots(): Promise<SnapshotInfo[]> {
    return ask('snapshots', {}, callSite(snapshots))
  }

  async function screenshot({ path }: { readonly path?: string } = {}): Promise<Screenshot> {
    const site = callSite(screenshot)
    const { png, width, height } = await ask('screenshot', {}, site)
    const picture = { png: new Uint8Array(Buffer.from(png, 'base64')), width, height }
    if (path !== undefined) {
      await save(path, picture.png, site)
    }
    return picture
  }

  return {
    get guest() {
      return current.guest
    },
    get snapshotName() {
      return current.snapshot
    },
    run,
    snapshot,
    restore,
    snapshots,
    screenshot,
    [Symbol.asyncDispose]: () => release(connection),
  }
}

// After any other failure of a restore the former machine is gone, and no new one came.
const leavesMachineAlone: ReadonlySet<string> = new Set(['BAD_NAME', 'SNAPSHOT_NOT_FOUND', 'SNAPSHOT_DAMAGED'])
const releaseDeadline = 2000

/** The end of the connection releases the machine, too; asking first lets the server say so to whoever waits for it. */
async function release(connection: Connection): Promise<void> {
  if (connection.lost === undefined) {
    await connection.request('release', {}, { deadline: releaseDeadline }).catch(() => {})
  }
  await connection.close('This `win` was given back: it cannot be used after its end')
}

function nameAt(site: CallSite, name: string): string {
  try {
    return checkName('name', name)
  } catch (error) {
    throw failureAt(site, toOsrunError(error))
  }
}

async function save(path: string, png: Uint8Array, site: CallSite): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, png)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw failureAt(
      site,
      new OsrunError('BAD_OPTION', `The screenshot cannot be written to ${path}: ${why}`, { cause }),
    )
  }
}
