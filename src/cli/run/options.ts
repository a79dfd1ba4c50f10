import { stat } from 'node:fs/promises'
import { OsrunError } from '../../protocol/errors.ts'
import { checkName } from '../../protocol/names.ts'

/** Options of `osrun '<command>'`, as the command line gives them. */
export interface RunCommand {
  readonly verbose?: boolean
  readonly keep?: boolean
  readonly forwardPort?: readonly number[]
  /** Another folder for guests and snapshots. */
  readonly drive?: string
  readonly tempDrive?: boolean
  readonly pause?: boolean
  readonly newSnapshot?: string
  readonly replace?: boolean
  readonly useSnapshot: string
  readonly guest: string
  readonly network: 'isolated' | 'internet'
  readonly runtime: 'auto' | 'docker' | 'host'
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly memory?: string
  readonly cpus?: number
}

/**
 * What can be known to be wrong before anything is started.
 * @throws OsrunError BAD_NAME, BAD_OPTION
 */
export async function checkRunCommand({ newSnapshot, useSnapshot, replace, drive }: RunCommand): Promise<void> {
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
  if (drive !== undefined && (await stat(drive).catch(() => undefined))?.isFile()) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected --drive to be a folder for guests and their snapshots, got the file ${drive}. ` +
        'A drive image of another program, with its snapshots inside, cannot be used.',
    )
  }
}
