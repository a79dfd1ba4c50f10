import type { Writable } from 'node:stream'
import { isWindows } from '../guests/guest.ts'
import { OsrunError } from '../protocol/errors.ts'
import { ProgressLines, ticking } from '../runtime/progress-lines.ts'
import { firstWindowsFlag, readWindowsFlags, type WindowsFlags, windowsFlagsOf } from './install-options.ts'
import { openRoom, type RoomCommand } from './room.ts'
import { checkGuest } from './run/options.ts'
import { endedBySignal } from './signals.ts'

/** Options of `osrun install`, as the command line gives them. */
export interface InstallCommand extends RoomCommand, WindowsFlags {
  readonly verbose?: boolean
  readonly keep?: boolean
  readonly slow?: boolean
  /** Writes what was done as JSON. */
  readonly json?: boolean
  /** Where that goes; default stdout. */
  readonly stdout?: Writable
  /** Where the progress goes; default stderr. */
  readonly stderr?: Writable
}

/**
 * Makes a guest ready to be used: its disk, and its first snapshot. What is there already is not made again, so a call
 * after one that was interrupted goes on with what is missing.
 * @returns the exit code
 * @throws OsrunError UNKNOWN_GUEST, GUEST_BUILD_FAILED, HOST_INCOMPLETE, DISK_FULL, ...
 */
export async function install(command: InstallCommand, version: string): Promise<number> {
  const { guest, verbose, json, stdout = process.stdout, stderr = process.stderr } = command
  checkGuest(guest)
  const windows = await windowsOf(command)
  const lines = new ProgressLines((line) => stderr.write(`${line}\n`))
  const onLog = (line: string) => verbose && stderr.write(`${line.replace(/^(osrun: )?/, 'osrun: ')}\n`)
  return endedBySignal(async (signal) => {
    let built = false
    const onReady = (now: boolean) => {
      built = now
    }
    const hooks = { signal, onProgress: lines.report, onLog, onReady }
    await using _room = await ticking(lines, () =>
      openRoom({ ...command, ...(windows && { windows }) }, version, hooks),
    )
    stdout.write(json ? `${JSON.stringify({ guest, snapshot: 'provisioned', built })}\n` : describe(guest, built))
    return 0
  })
}

/** How Windows is to be installed. @throws OsrunError BAD_OPTION, HOST_FILE_FAILED */
async function windowsOf({ guest, slow, keep, ...command }: InstallCommand) {
  const flags = windowsFlagsOf(command)
  if (isWindows({ name: guest })) {
    const media = await readWindowsFlags(flags, process.env)
    return { media, ...(slow && { slow }), ...(keep && { keep }) }
  }
  const first = firstWindowsFlag(flags) ?? (slow ? '--slow' : undefined)
  if (first !== undefined) {
    throw new OsrunError('BAD_OPTION', `Expected ${first} for a guest that is Windows, got it for ${guest}.`)
  }
  return undefined
}

function describe(guest: string, built: boolean): string {
  return built
    ? `Guest ${guest} is installed, with its snapshot "provisioned".\n`
    : `Guest ${guest} was installed already, with its snapshot "provisioned".\n`
}
