import { OsrunError } from '../../protocol/errors.ts'
import { failureName } from '../../snapshots/failures.ts'
import { isElsewhere } from '../room.ts'
import type { RunCommand } from '../run/options.ts'
import { runInWindows } from '../run/run.ts'
import { ThisHost } from '../snapshots/this-host.ts'
import { checkId, type FoundState, findState } from './states.ts'

/** Options of `osrun replay <id>`. */
export interface ReplayOptions {
  readonly cache: string
  readonly guest: string
  readonly pause?: boolean
  readonly verbose?: boolean
}

/** What a person looks around with. */
const prompt = 'cmd'

/**
 * Runs a command, or a prompt, in a machine as it was when a test failed.
 * @returns the exit code for the shell
 * @throws OsrunError BAD_OPTION, SNAPSHOT_NOT_FOUND, SNAPSHOT_UNUSABLE
 */
export async function replay(id: string, command: string, options: ReplayOptions, version: string): Promise<number> {
  const { cache, guest, pause, verbose } = options
  const checked = checkId(id)
  const same: Pick<RunCommand, 'useSnapshot' | 'clock' | 'showsDesktop' | 'pause' | 'verbose'> = {
    ...{ useSnapshot: failureName(checked), clock: 'frozen' as const, showsDesktop: true },
    ...(pause && { pause }),
    ...(verbose && { verbose }),
  }
  const run: RunCommand = isElsewhere
    ? { ...same, guest, network: 'isolated', runtime: 'auto', accel: 'auto' }
    : { ...same, drive: cache, ...(await machineOf(await findState(checked, cache))) }
  return runInWindows(command || prompt, run, version)
}

/** The machine that the state needs: the one that it was. */
async function machineOf({ id, from, note, runtime, cache }: FoundState) {
  const { guest, parts } = from
  const host = await ThisHost.look({ cache, accel: parts?.shape.accelerator ?? 'auto' })
  const { fits, reasons } = await host.fitOf(from)
  if (fits === false || parts === undefined) {
    throw new OsrunError(
      'SNAPSHOT_UNUSABLE',
      `The state ${id} cannot be opened here any more: ${reasons.join('; ')}. Run the test again.`,
    )
  }
  const { accelerator: accel, memoryMiB: memory, cpus } = parts.shape
  return { guest, network: note.network, runtime, accel, memory, cpus }
}
