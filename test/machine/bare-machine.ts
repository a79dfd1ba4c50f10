import { afterAll, beforeAll } from 'vitest'
import { startServer } from '../../src/client/index.ts'
import type { Machine } from '../../src/machines/machine.ts'
import { probeAccelerator } from '../../src/machines/probe/accelerator.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { openGuestHome } from '../../src/server/guest-home.ts'
import { findPrograms } from '../../src/server/programs.ts'
import { openRunFolder, type RunFolder } from '../../src/server/run-folder.ts'
import { restore } from '../../src/snapshots/restore.ts'

/** A machine without a server, for what is between server and agent. */
export interface BareMachine {
  machine: Machine
  /** The agent's port on this computer. */
  port: number
}

/** The secret of the machine's agent. */
export const secret = 'abcdef'

/** One restored machine for a test file, on this host's QEMU; there from `beforeAll` on. */
export function bareMachine(): BareMachine {
  const given = {} as BareMachine
  let run: RunFolder
  beforeAll(async () => {
    const cache = defaultCache(process.env)
    // Builds the guest where no test before did.
    await using _server = await startServer({ runtime: 'host', cache })
    const { version, ...programs } = await findPrograms()
    const { accelerator } = await probeAccelerator({ qemu: programs.qemu, requested: 'auto', cacheFolder: cache })
    const home = await openGuestHome('wine', { accelerator, qemuVersion: version }, { cache, onProgress: () => {} })
    run = await openRunFolder(cache)
    const { machine } = await restore({
      programs,
      place: () => run.place(),
      store: home.store,
      snapshot: 'provisioned',
      shape: home.shape,
      network: 'isolated',
      base: home.files.disk,
      greeting: { secret, setClock: false },
      setClock: false,
      agentDeadline: 60_000,
    })
    given.machine = machine
    given.port = await machine.agentPort()
  })
  afterAll(async () => {
    await given.machine?.release()
    await run?.remove()
  })
  return given
}
