import { createHash } from 'node:crypto'
import type { MachineShape } from '../machines/shape.ts'

/** All that a snapshot's memory and device state depend on. Two hosts that agree on it can share snapshots. */
export interface KeyParts {
  /** The store's own format; raised when an older reader would misunderstand a newer snapshot. */
  readonly format: number
  /** Hash of the recipe that made the guest's disk, kernel and agent. */
  readonly guestId: string
  /** QEMU's full version line: Debian's revisions count, since device state may change with a patch. */
  readonly qemuVersion: string
  /** Of the host where the model is the host's own, otherwise empty. */
  readonly hostCpu: string
  readonly shape: Omit<MachineShape, 'kernel'> & { readonly kernelCommandLine: string }
}

export const storeFormat = 1

/** The snapshot key: 16 hexadecimal characters. */
export function snapshotKey(parts: KeyParts): string {
  return createHash('sha256').update(canonical(parts)).digest('hex').slice(0, 16)
}

// Keys in alphabetical order, so that the order in which the code names them does not matter.
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${canonical(entry)}`).join(',')}}`
}
