import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import { failureName } from '../../snapshots/failure-name.ts'
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
  if (isElsewhere) {
    const run: RunCommand = { ...same, guest, network: 'isolated', runtime: 'auto', accel: 'auto' }
    return runInWindows(command || prompt, run, version)
  }
  const state = await findState(checked, cache)
  const run: RunCommand = { ...same, drive: cache, ...(await machineOf(state)) }
  try {
    return await runInWindows(command || prompt, run, version)
  } catch (error) {
    // It is there. The machine room has another guest or QEMU, and looks elsewhere for its snapshots: so does an image's.
    throw isOsrunError(error) && error.code === 'SNAPSHOT_NOT_FOUND'
      ? unusable(state, [`${madeWith(state)}, and the machine room of the runtime ${state.runtime} has others now`])
      : error
  }
}

/** The machine that the state needs: the one that it was. */
async function machineOf(state: FoundState) {
  const { from, note, runtime, cache } = state
  const { guest, parts } = from
  const host = await ThisHost.look({ cache, accel: parts?.shape.accelerator ?? 'auto' })
  const { fits, reasons } = await host.fitOf(from)
  if (fits === false || parts === undefined) {
    throw unusable(state, reasons)
  }
  const { accelerator: accel, memoryMiB: memory, cpus } = parts.shape
  return { guest, network: note.network, runtime, accel, memory, cpus }
}

function madeWith({ from: { guest, parts } }: FoundState): string {
  return `it was made with QEMU ${parts?.qemuVersion ?? 'of another version'} and build ${parts?.guestId.slice(0, 8)} of the guest ${guest}`
}

function unusable({ id, folder }: FoundState, reasons: readonly string[]): OsrunError {
  return new OsrunError(
    'SNAPSHOT_UNUSABLE',
    `The state ${id} cannot be opened here any more: ${reasons.join('; ')}. Run the test again; ` +
      `\`osrun snapshots remove --cache ${JSON.stringify(folder)} ${failureName(id)}\` frees its room.`,
  )
}
