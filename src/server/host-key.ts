import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { defaultCpus, type Guest, type GuestFiles } from '../guests/definition.ts'
import { probeEnlightenments } from '../machines/probe/enlightenments.ts'
import type { Accelerator, MachineShape } from '../machines/shape.ts'
import { type KeyParts, storeFormat } from '../snapshots/key.ts'

/** What this host makes machines with, and what was asked for. */
export interface Equipment {
  readonly accelerator: Accelerator
  readonly qemuVersion: string
  readonly memoryMiB?: number | undefined
  readonly cpus?: number | undefined
  /** Of Hyper-V, for guests that have a use for them. */
  readonly enlightenments?: readonly string[]
}

/** The same for that guest: which enlightenments there are is probed only where they are of use. */
export async function equipmentFor(
  guest: Guest,
  equipment: Equipment,
  { qemu, cacheFolder }: { readonly qemu: string; readonly cacheFolder: string },
): Promise<Equipment> {
  const { accelerator } = equipment
  return guest.enlightened
    ? { ...equipment, enlightenments: await probeEnlightenments({ qemu, accelerator, cacheFolder }) }
    : equipment
}

/** What the guest's machines are made of on this host. */
export function shapeOf(guest: Guest, files: GuestFiles, equipment: Equipment): MachineShape {
  const devices = files.devices ?? guest.devices
  return {
    machineType: guest.machineType,
    accelerator: equipment.accelerator,
    cpuModel: cpuModelOf(guest, equipment),
    cpus: equipment.cpus ?? defaultCpus(guest, equipment.accelerator),
    memoryMiB: equipment.memoryMiB ?? guest.memoryMiB,
    screen: guest.screen,
    ...(devices === 'inbox' && { devices }),
    ...kernelOf(guest, files, equipment),
    ...firmwareOf(files),
    ...(files.tpm !== undefined && { tpm: { state: files.tpm } }),
  }
}

/** QEMU's CPU model for the guest's machines, which the key of their snapshots has in it. */
export function cpuModelOf(guest: Guest, { accelerator, enlightenments = [] }: Equipment): string {
  const model = accelerator === 'tcg' ? guest.cpuModel : hostModel(accelerator)
  return [model, ...enlightenments].join(',')
}

function kernelOf({ kernel }: Guest, files: GuestFiles, { accelerator }: Equipment): Pick<MachineShape, 'kernel'> {
  if (kernel === undefined || files.kernel === undefined || files.initrd === undefined) {
    return {}
  }
  const flags = accelerator === 'tcg' ? ` ${kernel.emulatedFlags}` : ''
  return { kernel: { image: files.kernel, initrd: files.initrd, commandLine: `${kernel.commandLine}${flags}` } }
}

function firmwareOf({ firmware, variables }: GuestFiles): Pick<MachineShape, 'firmware'> {
  return firmware === undefined || variables === undefined ? {} : { firmware: { code: firmware, variables } }
}

/** What the key of snapshots of such machines is made of. */
export async function keyPartsOf(shape: MachineShape, files: GuestFiles, equipment: Equipment): Promise<KeyParts> {
  const { kernel, firmware, tpm, ...rest } = shape
  return {
    format: storeFormat,
    guestId: files.id,
    qemuVersion: equipment.qemuVersion,
    hostCpu: shape.accelerator === 'tcg' ? '' : await hostCpu(),
    // Which firmware it is, and what a TPM holds, the guest's id says.
    shape: {
      ...rest,
      kernelCommandLine: kernel?.commandLine ?? '',
      ...(firmware && { firmware: 'uefi' }),
      ...(tpm && { tpm: '2.0' }),
    },
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
