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
import type { Screenshot, Win } from './win.ts'

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
