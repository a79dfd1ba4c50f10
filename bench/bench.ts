import type { Programs } from '../src/machines/machine.ts'
import { probeAccelerator } from '../src/machines/probe/accelerator.ts'
import { defaultCache } from '../src/runtime/settings.ts'
import type { Equipment } from '../src/server/host-key.ts'
import { findPrograms } from '../src/server/programs.ts'
import { openRunFolder, type RunFolder } from '../src/server/run-folder.ts'

/** What all measurements work with. */
export interface Bench extends AsyncDisposable {
  readonly cache: string
  readonly programs: Programs
  readonly equipment: Equipment
  /** Removed with all that measurements put into it; of a bench that was killed, by the next machine room. */
  readonly run: RunFolder
  /** How often the cheapest figures are measured; others less often, in proportion. */
  readonly rounds: number
  /** Aborted by Ctrl-C: measurements look at it between two of their steps. */
  readonly signal: AbortSignal
  /** One line for whoever waits. */
  readonly say: (line: string) => void
}

export async function openBench(told: Pick<Bench, 'rounds' | 'signal' | 'say'>): Promise<Bench> {
  const cache = defaultCache(process.env)
  const { version: qemuVersion, ...programs } = await findPrograms()
  const { accelerator } = await probeAccelerator({ qemu: programs.qemu, requested: 'auto', cacheFolder: cache })
  const run = await openRunFolder(cache)
  const equipment = { accelerator, qemuVersion }
  return { ...told, cache, programs, equipment, run, [Symbol.asyncDispose]: () => run.remove() }
}
