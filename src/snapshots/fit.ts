import type { KeyParts } from './key.ts'

/** What a snapshot was made with and a host does not have. */
export interface Difference {
  /** In a person's words, e.g. `QEMU`. */
  readonly part: string
  readonly snapshot: string
  readonly host: string
}

type Part = readonly [name: string, of: (parts: KeyParts) => string]

const accelerator: Part = ['accelerator', ({ shape }) => shape.accelerator]
const always: readonly Part[] = [
  ['store format', ({ format }) => String(format)],
  ['build of the guest', ({ guestId }) => guestId],
  ['QEMU', ({ qemuVersion }) => qemuVersion],
  ['machine type', ({ shape }) => shape.machineType],
  ['memory in MiB', ({ shape }) => String(shape.memoryMiB)],
  ['virtual CPUs', ({ shape }) => String(shape.cpus)],
  ['devices', ({ shape }) => shape.devices ?? 'virtio'],
  ['firmware', ({ shape }) => shape.firmware ?? 'bios'],
  ['TPM', ({ shape }) => shape.tpm ?? 'none'],
  ['screen', ({ shape }) => `${shape.screen.width} x ${shape.screen.height}`],
]
/** With another accelerator these are others too, which tells nobody anything. */
const ofTheAccelerator: readonly Part[] = [
  ['CPU model', ({ shape }) => shape.cpuModel],
  ["host's CPU", ({ hostCpu }) => hostCpu.slice(0, 16)],
  ['kernel command line', ({ shape }) => shape.kernelCommandLine],
]

/** Why a snapshot with the one key cannot be restored under the other; empty where both are one. */
export function keyDifferences(snapshot: KeyParts, host: KeyParts): Difference[] {
  const differs = ([, of]: Part) => of(snapshot) !== of(host)
  const parts = [...always, accelerator, ...(differs(accelerator) ? [] : ofTheAccelerator)]
  return parts.filter(differs).map(([part, of]) => ({ part, snapshot: of(snapshot), host: of(host) }))
}

/** One difference as a sentence without its end. */
export function describeDifference({ part, snapshot, host }: Difference): string {
  return `it was made with ${part} ${snapshot}, and here is ${host}`
}
