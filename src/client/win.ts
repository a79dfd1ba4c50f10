import type { SnapshotInfo } from '../protocol/messages.ts'
import type { ChangesOptions } from './changes.ts'
import type { Clock } from './clock.ts'
import type { SystemChanges } from './compare-inventories.ts'
import type { WindowInfo } from './desktop.ts'
import type { GuestFiles } from './file-methods.ts'
import type { Keyboard, Mouse } from './input.ts'
import type { HostPort, PortOptions } from './port.ts'
import type { RunResult } from './result.ts'
import type { Chunk, Encoding, RunOptions, SpawnOptions } from './run-options.ts'
import type { WinProcess } from './spawn.ts'

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
export interface Win extends AsyncDisposable, GuestFiles {
  /** The guest's name, e.g. `wine`. */
  readonly guest: string
  /** The snapshot that the machine was last restored from. */
  readonly snapshotName: string
  /** Address of the page that shows this machine's desktop. It holds the run's token: whoever has it has the machine. */
  readonly viewerUrl: string
  /**
   * Runs a command to its end. A string goes to cmd, untouched: `win.run('dir C:\\')`. An array starts a program
   * without a shell, each argument exactly as given: `win.run(['findstr', '/c:two words', 'C:\\file.txt'])`.
   * @throws WinCommandError where the command failed
   * @throws OsrunError COMMAND_NOT_FOUND, DIALOG_OPEN, OUTCOME_UNKNOWN, BAD_OPTION, ...
   */
  run<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options?: RunOptions<E>,
  ): Promise<RunResult<Chunk<E>>>
  /**
   * Starts a command and returns at once: to talk with it while it runs, to give it a terminal, to end it. Commands as
   * in `run`.
   * @throws OsrunError BAD_OPTION; all else comes when the process is awaited
   */
  spawn<E extends Encoding = 'utf8'>(
    command: string | readonly string[],
    options?: SpawnOptions<E>,
  ): WinProcess<Chunk<E>>
  /**
   * Runs a PowerShell script to its end, as `run` with `shell: 'powershell'`. An error in it ends it with exit code 1;
   * otherwise it has the exit code of the program that it ran last, or of `exit`.
   * @throws OsrunError UNSUPPORTED_BY_GUEST: `wine` has no PowerShell
   */
  powershell<E extends Encoding = 'utf8'>(script: string, options?: RunOptions<E>): Promise<RunResult<Chunk<E>>>
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
  /** The windows that are seen on the guest's desktop, the topmost first. */
  windows(): Promise<WindowInfo[]>
  /**
   * What has changed since the machine was restored: files, registry, services, programs. It is found by comparing the
   * machine with another one of its snapshot, which is restored for that; for `expect(await win.changes()).toMatchSnapshot()`.
   * @throws OsrunError BAD_OPTION, SNAPSHOT_NOT_FOUND, RESTORE_FAILED, MACHINE_UNRESPONSIVE
   */
  changes(options?: ChangesOptions): Promise<SystemChanges>
  readonly keyboard: Keyboard
  readonly mouse: Mouse
  readonly clock: Clock
  /**
   * Where a TCP server of the guest is reached from this computer, also one that listens on the guest's loopback only.
   * The port stays the same until the machine is given back, whatever is restored or rebooted. Of a second call for the
   * same port of the guest the options do not matter.
   * @throws OsrunError BAD_OPTION, also where the port that `options` ask for cannot be had
   */
  port(guestPort: number, options?: PortOptions): Promise<HostPort>
  /**
   * Restarts the guest, and resolves when it is up again. What ran is ended, what is on the disk stays. Calls of commands
   * that are running reject with OUTCOME_UNKNOWN.
   * @throws OsrunError GUEST_NOT_READY, MACHINE_CRASHED
   */
  reboot(): Promise<void>
}
