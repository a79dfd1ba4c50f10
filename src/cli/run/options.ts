import { stat } from 'node:fs/promises'
import { findGuest } from '../../guests/guest.ts'
import { OsrunError } from '../../protocol/errors.ts'
import { checkName } from '../../protocol/names.ts'
import { isElsewhere, type RoomCommand } from '../room.ts'

/** Options of `osrun '<command>'`, as the command line gives them. */
export interface RunCommand extends RoomCommand {
  readonly verbose?: boolean
  readonly keep?: boolean
  readonly forwardPort?: readonly number[]
  readonly pause?: boolean
  readonly newSnapshot?: string
  readonly replace?: boolean
  readonly useSnapshot: string
  readonly network: 'isolated' | 'internet'
  /** `sync` by default. */
  readonly clock?: 'sync' | 'frozen'
  /** Say where the desktop is, whatever else is said. */
  readonly showsDesktop?: boolean
}

/**
 * A guest that nobody could give is known before anything is started.
 * @throws OsrunError BAD_NAME, UNKNOWN_GUEST
 */
export function checkGuest(name: string): void {
  checkName('guest', name)
  if (!isElsewhere) {
    findGuest(name)
  }
}

/**
 * What can be known to be wrong before anything is started.
 * @throws OsrunError BAD_NAME, BAD_OPTION, UNKNOWN_GUEST
 */
export async function checkRunCommand(options: RunCommand): Promise<void> {
  const { guest, newSnapshot, useSnapshot, replace, drive } = options
  checkGuest(guest)
  checkName('--use-snapshot', useSnapshot)
  if (newSnapshot !== undefined) {
    checkName('--new-snapshot', newSnapshot)
    if (newSnapshot === useSnapshot) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected --new-snapshot to name another snapshot than the machine starts from, got "${newSnapshot}" for both.`,
      )
    }
  }
  if (replace && newSnapshot === undefined) {
    throw new OsrunError('BAD_OPTION', 'Expected --new-snapshot beside --replace: it says which snapshot is replaced.')
  }
  if (options.expose && isElsewhere) {
    throw new OsrunError(
      'BAD_OPTION',
      'Expected --expose where the machine room is started (`osrun serve --expose`), got it beside OSRUN_URL.',
    )
  }
  if (drive !== undefined && (await stat(drive).catch(() => undefined))?.isFile()) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected --drive to be a folder for guests and their snapshots, got the file ${drive}. ` +
        'A drive image of another program, with its snapshots inside, cannot be used.',
    )
  }
}
