import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import type { Lease, SnapshotInfo } from '../protocol/messages.ts'
import { checkName } from '../protocol/names.ts'
import { askOn } from './ask.ts'
import { atSite, atSiteSync, type CallSite, callSite, failureAt } from './call-site.ts'
import { type ChangesOptions, type FreshMachine, findChanges } from './changes.ts'
import { createClock } from './clock.ts'
import type { CommandRecorder } from './command.ts'
import type { SystemChanges } from './compare-inventories.ts'
import { Connection } from './connection.ts'
import type { WindowInfo } from './desktop.ts'
import { DialogWatch, type WatchPace } from './dialog-watch.ts'
import { fileMethods } from './file-methods.ts'
import { createKeyboard, createMouse } from './input.ts'
import { lookAtDesktop } from './look-at-desktop.ts'
import { type HostPort, type PortOptions, Ports } from './port.ts'
import type { RunResult } from './result.ts'
import { runCommand } from './run.ts'
import type { Chunk, DialogMode, Encoding, RunOptions, SpawnOptions } from './run-options.ts'
import { SnapshotNames } from './snapshot-names.ts'
import { spawnCommand, type WinProcess } from './spawn.ts'
import { Streams } from './streams.ts'
import { viewerAddress } from './viewer-address.ts'
import type { Screenshot, Win } from './win.ts'

/** Hooks for whoever hands a `Win` to users. */
export interface WinHooks {
  /** Signals that end what is being run, besides the `signal` option: those of the running test. */
  readonly signals?: () => readonly AbortSignal[]
  /** What the user calls snapshots. */
  readonly names?: SnapshotNames
  /** Called with the path of what is going to be uploaded. */
  readonly beforeUpload?: (hostPath: string) => Promise<void>
  /** Keeps a record of the commands that are started. */
  readonly record?: CommandRecorder
  /** What a dialog that nobody answers does to a command, where its own options do not say it. Default `fail`. */
  readonly dialogs?: () => DialogMode
  /** How often it is looked for one. */
  readonly dialogPace?: WatchPace
  /** Whether what is open into the guest goes on while a snapshot is taken, and ends in the snapshot. */
  readonly attached?: boolean
}

/** The machine that `connection` leased. It owns the connection. */
export function createWin(connection: Connection, lease: Lease, hooks: WinHooks = {}): Win {
  const { names = new SnapshotNames() } = hooks
  const ask = askOn(connection, names)
  const streams = new Streams(connection)
  const ports = new Ports(streams)
  const dialogs = new DialogWatch(() => lookAtDesktop(streams), pictureForDialog, hooks.dialogPace)
  const onUse = () => dialogs.noteUse()
  let current = lease

  // A test that timed out still cleans up: its signal ends what ran at that moment, not what comes after.
  const signals = () => (hooks.signals?.() ?? []).filter((signal) => !signal.aborted)
  const originAt = (site: CallSite) => ({
    ...{ streams, signals: signals(), site, record: hooks.record },
    ...{ dialogs, dialogMode: hooks.dialogs?.() ?? ('fail' as const) },
  })

  function run<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options: RunOptions<E> = {},
  ): Promise<RunResult<Chunk<E>>> {
    const site = callSite(run)
    return runIn(site, command, options)
  }

  function powershell<E extends Encoding = 'utf8'>(
    script: string,
    options: RunOptions<E> = {},
  ): Promise<RunResult<Chunk<E>>> {
    return runIn(callSite(powershell), script, { ...options, shell: 'powershell' })
  }

  function runIn<E extends Encoding>(
    site: CallSite,
    command: string | readonly string[],
    options: RunOptions<E>,
  ): Promise<RunResult<Chunk<E>>> {
    return atSite(site, () => {
      checkShell(options, current)
      return runCommand(command, options as RunOptions, originAt(site)) as Promise<RunResult<Chunk<E>>>
    })
  }

  function spawn<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options: SpawnOptions<E> = {},
  ): WinProcess<Chunk<E>> {
    const site = callSite(spawn)
    atSiteSync(site, () => checkShell(options, current))
    return spawnCommand(command, options as SpawnOptions, originAt(site)) as WinProcess<Chunk<E>>
  }

  async function snapshot(name: string, { replace = false } = {}): Promise<SnapshotInfo> {
    const site = callSite(snapshot)
    if (names.isRecipe(name)) {
      throw failureAt(site, recipeExists(name))
    }
    const { attached } = hooks
    return names.show(await ask('snapshot', { name: nameAt(site, name), replace, ...(attached && { attached }) }, site))
  }

  async function restore(name?: string): Promise<void> {
    const site = callSite(restore)
    try {
      const wish = name === undefined ? {} : { snapshot: names.toStored(nameAt(site, name)) }
      current = await ask('restore', wish, site)
    } catch (error) {
      const failure = toOsrunError(error)
      if (!leavesMachineAlone.has(failure.code)) {
        streams.lose(failure)
      }
      throw failure
    }
    streams.renew(new OsrunError('CANCELED', 'the machine was restored'))
  }

  async function reboot(): Promise<void> {
    const site = callSite(reboot)
    const rebooted = new OsrunError('CANCELED', 'the machine was rebooted')
    streams.suspend(rebooted)
    try {
      current = await ask('reboot', {}, site)
    } catch (error) {
      const failure = toOsrunError(error)
      streams.lose(failure)
      throw failure
    }
    streams.renew(rebooted)
  }

  async function snapshots(): Promise<SnapshotInfo[]> {
    return names.showAll(await ask('snapshots', {}, callSite(snapshots)))
  }

  async function screenshot({ path }: { readonly path?: string } = {}): Promise<Screenshot> {
    const site = callSite(screenshot)
    onUse()
    const { png, width, height } = await ask('screenshot', {}, site)
    const picture = { png: new Uint8Array(Buffer.from(png, 'base64')), width, height }
    if (path !== undefined) {
      await save(path, picture.png, site)
    }
    return picture
  }

  async function pictureForDialog(): Promise<Uint8Array> {
    const { png } = await connection.request('screenshot', {}, { deadline: pictureDeadline })
    return new Uint8Array(Buffer.from(png, 'base64'))
  }

  function windows(): Promise<WindowInfo[]> {
    onUse()
    return atSite(callSite(windows), async () => {
      const desktop = await lookAtDesktop(streams)
      return desktop.windows.map(({ handle: _, showsProgress: __, ...window }) => window)
    })
  }

  async function restoreAnother(): Promise<FreshMachine> {
    const other = await Connection.open({ url: connection.url, token: connection.token })
    try {
      const { machine, guest, snapshot: stored } = current
      const label = `the former state of ${machine}`
      const wish = { guest, snapshot: stored, label, clock: 'sync', network: 'isolated', beside: true } as const
      await other.request('acquire', wish)
    } catch (error) {
      await other.close()
      throw names.tell(toOsrunError(error))
    }
    return { streams: new Streams(other), [Symbol.asyncDispose]: () => release(other) }
  }

  function changes(options: ChangesOptions = {}): Promise<SystemChanges> {
    return atSite(callSite(changes), () => findChanges(streams, restoreAnother, options))
  }

  function port(guestPort: number, options?: PortOptions): Promise<HostPort> {
    return atSite(callSite(port), () => ports.lead(guestPort, options))
  }

  async function dispose(): Promise<void> {
    await ports.close()
    await release(connection)
  }

  return {
    get guest() {
      return current.guest
    },
    get snapshotName() {
      return names.toShown(current.snapshot)
    },
    get viewerUrl() {
      return viewerAddress(connection, current.viewer)
    },
    ...{ run, spawn, powershell, snapshot, restore, snapshots, screenshot, windows, changes, port, reboot },
    ...fileMethods(streams, hooks.beforeUpload),
    keyboard: createKeyboard(ask, streams, onUse),
    mouse: createMouse(ask, onUse),
    clock: createClock(ask),
    [Symbol.asyncDispose]: dispose,
  }
}

// After any other failure of a restore the former machine is gone, and no new one came.
const leavesMachineAlone: ReadonlySet<string> = new Set(['BAD_NAME', 'SNAPSHOT_NOT_FOUND', 'SNAPSHOT_DAMAGED'])
const releaseDeadline = 2000
const pictureDeadline = 5000

/** The end of the connection releases the machine, too; asking first lets the server say so to whoever waits for it. */
async function release(connection: Connection): Promise<void> {
  if (connection.lost === undefined) {
    await connection.request('release', {}, { deadline: releaseDeadline }).catch(() => {})
  }
  await connection.close('This `win` was given back: it cannot be used after its end')
}

function checkShell({ shell }: Pick<RunOptions, 'shell'>, { guest, shells }: Lease): void {
  if (shell === 'powershell' && !shells.includes(shell)) {
    throw new OsrunError(
      'UNSUPPORTED_BY_GUEST',
      `The guest ${guest} has no PowerShell; it has ${shells.join(' and ')}. Guests with real Windows have it`,
    )
  }
}

function recipeExists(name: string): OsrunError {
  return new OsrunError(
    'SNAPSHOT_EXISTS',
    `"${name}" is the name of a recipe (the option \`snapshots\`), and what it builds is not replaced by hand. ` +
      'Choose another name.',
  )
}

function nameAt(site: CallSite, name: string): string {
  return atSiteSync(site, () => checkName('name', name))
}

async function save(path: string, png: Uint8Array, site: CallSite): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, png)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw failureAt(
      site,
      new OsrunError('HOST_FILE_FAILED', `The screenshot cannot be written to ${path}: ${why}`, { cause }),
    )
  }
}
