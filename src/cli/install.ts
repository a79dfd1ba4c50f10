import type { Writable } from 'node:stream'
import { isWindows } from '../guests/guest.ts'
import { checkOptions } from '../protocol/check-options.ts'
import { OsrunError } from '../protocol/errors.ts'
import { type MediaOptions, mediaOptions } from '../protocol/media-options.ts'
import { ProgressLines, ticking } from '../runtime/progress-lines.ts'
import { openRoom, type RoomCommand } from './room.ts'
import { checkGuest } from './run/options.ts'
import { endedBySignal } from './signals.ts'

/** Options of `osrun install`, as the command line gives them. */
export interface InstallCommand extends RoomCommand {
  readonly verbose?: boolean
  readonly keep?: boolean
  readonly slow?: boolean
  readonly iso?: string
  readonly edition?: string
  readonly language?: string
  readonly profile?: string
  readonly sha256?: string
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
  const windows = windowsOf(command)
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

/** How Windows is to be installed. @throws OsrunError BAD_OPTION */
function windowsOf({ guest, iso, edition, language, profile, sha256, slow, keep }: InstallCommand) {
  const given = { iso, edition, language, profile, sha256 }
  const media = checkOptions(mediaOptions, given, 'the options of `osrun install`')
  if (isWindows({ name: guest })) {
    return { media: media as MediaOptions, ...(slow && { slow }), ...(keep && { keep }) }
  }
  const [first] = Object.keys(media)
  if (first !== undefined || slow) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected --${first ?? 'slow'} for a guest that is Windows, got it for ${guest}.`,
    )
  }
  return undefined
}

function describe(guest: string, built: boolean): string {
  return built
    ? `Guest ${guest} is installed, with its snapshot "provisioned".\n`
    : `Guest ${guest} was installed already, with its snapshot "provisioned".\n`
}
