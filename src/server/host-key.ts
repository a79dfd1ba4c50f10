import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Guest, GuestFiles } from '../guests/guest.ts'
import type { Accelerator, MachineShape } from '../machines/shape.ts'
import { type KeyParts, storeFormat } from '../snapshots/key.ts'

/** What this host makes machines with, and what was asked for. */
export interface Equipment {
  readonly accelerator: Accelerator
  readonly qemuVersion: string
  readonly memoryMiB?: number | undefined
  readonly cpus?: number | undefined
}

/** What the guest's machines are made of on this host. */
export function shapeOf(guest: Guest, files: GuestFiles, equipment: Equipment): MachineShape {
  return {
    machineType: guest.machineType,
    accelerator: equipment.accelerator,
    cpuModel: cpuModelOf(guest, equipment.accelerator),
    cpus: equipment.cpus ?? guest.cpus,
    memoryMiB: equipment.memoryMiB ?? guest.memoryMiB,
    screen: guest.screen,
    ...(guest.devices === 'inbox' && { devices: guest.devices }),
    ...kernelOf(guest, files, equipment),
  }
}

/** QEMU's CPU model for the guest's machines. */
export function cpuModelOf(guest: Guest, accelerator: Accelerator): string {
  return accelerator === 'tcg' ? guest.cpuModel : hostModel(accelerator)
}

function kernelOf({ kernel }: Guest, files: GuestFiles, { accelerator }: Equipment): Pick<MachineShape, 'kernel'> {
  if (kernel === undefined || files.kernel === undefined || files.initrd === undefined) {
    return {}
  }
  const flags = accelerator === 'tcg' ? ` ${kernel.emulatedFlags}` : ''
  return { kernel: { image: files.kernel, initrd: files.initrd, commandLine: `${kernel.commandLine}${flags}` } }
}

/** What the key of snapshots of such machines is made of. */
export async function keyPartsOf(shape: MachineShape, files: GuestFiles, equipment: Equipment): Promise<KeyParts> {
  const { kernel, ...rest } = shape
  return {
    format: storeFormat,
    guestId: files.id,
    qemuVersion: equipment.qemuVersion,
    hostCpu: shape.accelerator === 'tcg' ? '' : await hostCpu(),
    shape: { ...rest, kernelCommandLine: kernel?.commandLine ?? '' },
  }
}

/** The host CPU's model and flags: a state saved with the one may not load with another. */
async function hostCpu(): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const facts = text.match(/^(vendor_id|cpu family|model|stepping|flags|Features)\s*:.*$/gm) ?? []
  return createHash('sha256')
    .update([...new Set(facts)].sort().join('\n'))
    .digest('hex')
}

// With the capabilities of its own mitigations a nested KVM may refuse to start; the probe runs without them too.
function hostModel(accelerator: Accelerator): string {
  return accelerator === 'kvm' ? 'host,arch-capabilities=off' : 'host'
}
