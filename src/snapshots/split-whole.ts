import { join } from 'node:path'
import { loadWhole, saveDeviceState } from '../machines/device-state.ts'
import { baseName } from '../machines/disk.ts'
import { Machine, type MachineOrigin, type MachinePlace, type Programs } from '../machines/machine.ts'
import { ramBlock } from '../machines/qemu-arguments.ts'
import { fileNames } from './finish-template.ts'
import { findPages } from './mapped-ram.ts'

/** What `splitWhole` works with. */
export interface Splitting {
  readonly programs: Programs
  /** For a second QEMU. */
  readonly place: MachinePlace
  /** Whose memory and device state were saved. */
  readonly machine: Machine
  /** The disk layers of that instant, top first. */
  readonly layers: readonly string[]
  /** Where the file `ram` lies as `saveWhole` wrote it; `state` is written beside it. */
  readonly folder: string
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a machine's memory and device state, saved together, those of a template: a second QEMU that has the file's
 * pages as its memory, shared, loads the file, which writes to each page what it holds already, and writes the device
 * state by itself.
 * @returns where in `ram` the memory begins
 * @throws OsrunError SNAPSHOT_FAILED, QEMU_UNUSABLE
 */
export async function splitWhole({ programs, place, machine, layers, folder, signal }: Splitting): Promise<number> {
  const { shape, network } = machine.origin
  const ram = join(folder, fileNames.ram)
  const offset = await findPages(ram, ramBlock, shape.memoryMiB * 2 ** 20)
  const origin: MachineOrigin = {
    ...{ shape, network, layers },
    memory: { path: ram, offset, use: 'template' },
    base: join(machine.place.folder, baseName),
    // What is waited for no more is killed.
    load: (qmp) => unlessAborted(loadWhole(qmp, ram), signal),
  }
  const second = await Machine.start(programs, place, origin, signal)
  try {
    await saveDeviceState(second.qemu.qmp, join(folder, fileNames.state))
  } finally {
    await second.release()
  }
  return offset
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    return work
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.throwIfAborted()
  signal.addEventListener('abort', abort)
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
    work.catch(() => {})
  }
}
