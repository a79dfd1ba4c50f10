import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findGuest, type Guest, type GuestFiles } from '../guests/guest.ts'
import { type Preparing, prepareGuest } from '../guests/prepare.ts'
import type { Accelerator, MachineShape } from '../machines/shape.ts'
import { type KeyParts, snapshotKey, storeFormat } from '../snapshots/key.ts'
import { Store } from '../snapshots/store.ts'

/** A guest as this server runs it: its files, what its machines are made of, and where its snapshots lie. */
export interface GuestHome {
  readonly guest: Guest
  readonly files: GuestFiles
  readonly shape: MachineShape
  readonly key: string
  readonly store: Store
  /** The guest's files were built just now. */
  readonly built: boolean
}

/** What the server was told about its machines. */
export interface Equipment {
  readonly accelerator: Accelerator
  readonly qemuVersion: string
  readonly memoryMiB?: number | undefined
  readonly cpus?: number | undefined
}

/** Prepares the guest of that name and finds its store. */
export async function openGuestHome(name: string, equipment: Equipment, preparing: Preparing): Promise<GuestHome> {
  const guest = findGuest(name)
  const { built, ...files } = await prepareGuest(name, preparing)
  const shape = shapeOf(guest, files, equipment)
  const key = snapshotKey(await keyParts(shape, files, equipment))
  const store = new Store(join(preparing.cache, 'store', name, key))
  await store.collect()
  return { guest, files, shape, key, store, built }
}

function shapeOf(guest: Guest, files: GuestFiles, equipment: Equipment): MachineShape {
  return {
    machineType: guest.machineType,
    accelerator: equipment.accelerator,
    cpuModel: equipment.accelerator === 'tcg' ? guest.cpuModel : hostModel(equipment.accelerator),
    cpus: equipment.cpus ?? guest.cpus,
    memoryMiB: equipment.memoryMiB ?? guest.memoryMiB,
    screen: guest.screen,
    kernel: {
      image: files.kernel,
      initrd: files.initrd,
      commandLine:
        equipment.accelerator === 'tcg'
          ? `${guest.kernelCommandLine} ${guest.emulatedKernelFlags}`
          : guest.kernelCommandLine,
    },
  }
}

async function keyParts(shape: MachineShape, files: GuestFiles, equipment: Equipment): Promise<KeyParts> {
  const { kernel, ...rest } = shape
  return {
    format: storeFormat,
    guestId: files.id,
    qemuVersion: equipment.qemuVersion,
    hostCpu: shape.accelerator === 'tcg' ? '' : await hostCpu(),
    shape: { ...rest, kernelCommandLine: kernel.commandLine },
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
