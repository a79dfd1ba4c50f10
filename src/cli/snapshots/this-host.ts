import { defaultCpus } from '../../guests/definition.ts'
import { findGuest, guestNames } from '../../guests/guest.ts'
import { installedGuest } from '../../guests/prepare.ts'
import type { Programs } from '../../machines/machine.ts'
import { probeAccelerator } from '../../machines/probe/accelerator.ts'
import { isOsrunError } from '../../protocol/errors.ts'
import { isImage } from '../../server/container.ts'
import { type Equipment, equipmentFor, keyPartsOf, shapeOf } from '../../server/host-key.ts'
import { findPrograms } from '../../server/programs.ts'
import type { CachedStore } from '../../snapshots/cache.ts'
import { describeDifference, keyDifferences } from '../../snapshots/fit.ts'
import type { KeyParts } from '../../snapshots/key.ts'

/** The place whose snapshots a command is about. */
export interface CacheOptions {
  readonly cache: string
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  /** Folder of ready-made guests. */
  readonly guestFiles?: string | undefined
}

/** Whether this host can restore a snapshot; undefined where that cannot be known here. */
export interface Fit {
  readonly fits: boolean | undefined
  /** Why not, or why that is not known, a line for each. */
  readonly reasons: readonly string[]
  /** Options that must be given, e.g. `memory: '2048MiB'`. */
  readonly options: readonly string[]
}

/** What this host makes machines with, as far as snapshots depend on it. */
export class ThisHost {
  readonly #options: CacheOptions
  readonly #equipment: Equipment | string
  readonly #guests = new Map<string, ReturnType<typeof installedGuest>>()
  readonly #programs: Programs | undefined

  private constructor(options: CacheOptions, equipment: Equipment | string, programs?: Programs) {
    this.#options = options
    this.#equipment = equipment
    this.#programs = programs
  }

  /** Undefined where there is none. */
  get qemuImg(): string | undefined {
    return this.#programs?.qemuImg
  }

  /** Looks at this host. That it lacks QEMU is no error: snapshots can be listed and removed without. */
  static async look(options: CacheOptions): Promise<ThisHost> {
    try {
      const { version, qemu, qemuImg } = await findPrograms()
      const probe = { qemu, requested: options.accel, cacheFolder: options.cache }
      const { accelerator } = await probeAccelerator(probe)
      return new ThisHost(options, { accelerator, qemuVersion: version }, { qemu, qemuImg })
    } catch (error) {
      if (isOsrunError(error)) {
        return new ThisHost(options, error.message)
      }
      throw error
    }
  }

  /** True where the guest is installed, in whatever build. */
  async hasGuest(name: string): Promise<boolean> {
    return guestNames().includes(name) && (await this.#installed(name)) !== undefined
  }

  // Once for each guest, however many snapshots it has: its recipe's files are read for it.
  #installed(name: string): ReturnType<typeof installedGuest> {
    const known = this.#guests.get(name) ?? installedGuest(name, this.#options)
    this.#guests.set(name, known)
    return known
  }

  /** The same of a store. What the QEMU of an image can restore is not known outside of it. */
  async fitOf({ guest, parts, inImage }: Pick<CachedStore, 'guest' | 'parts' | 'inImage'>): Promise<Fit> {
    const fit = await this.fit(guest, parts)
    return inImage && !isImage() && fit.fits !== true
      ? {
          ...fit,
          fits: undefined,
          reasons: ['it was made in a container, and what QEMU that has is not known here'],
        }
      : fit
  }

  /** @param guestId the guest that the snapshot brings along, where none is installed */
  async fit(guestName: string, parts: KeyParts | undefined, guestId?: string): Promise<Fit> {
    if (!guestNames().includes(guestName)) {
      return no(`this osrun has no guest "${guestName}"`)
    }
    if (parts === undefined) {
      return no('it was made by an earlier osrun')
    }
    if (typeof this.#equipment === 'string') {
      return { fits: undefined, reasons: [this.#equipment], options: [] }
    }
    const guest = findGuest(guestName)
    const installed = await this.#installed(guestName)
    const id = installed?.id ?? guestId
    const byUefi = installed === undefined ? parts.shape.firmware === 'uefi' : installed.firmware !== undefined
    const hasTpm = installed === undefined ? parts.shape.tpm !== undefined : installed.tpm !== undefined
    const devices = installed === undefined ? (parts.shape.devices ?? 'virtio') : installed.devices
    const files = {
      ...{ disk: '', kernel: '', initrd: '', id: id ?? 'none: the guest is not installed' },
      ...(byUefi && { firmware: '', variables: '' }),
      ...(hasTpm && { tpm: '' }),
      ...(devices && { devices }),
    }
    const { memoryMiB, cpus } = parts.shape
    // These two are whatever is asked for.
    const asked = { ...this.#equipment, memoryMiB, cpus }
    const probing = { qemu: this.#programs?.qemu ?? '', cacheFolder: this.#options.cache }
    const equipment = await equipmentFor(guest, asked, probing)
    const host = await keyPartsOf(shapeOf(guest, files, equipment), files, equipment)
    const differences = keyDifferences(parts, host)
    return {
      fits: differences.length === 0,
      reasons: differences.map(describeDifference),
      options: [
        ...(memoryMiB === guest.memoryMiB ? [] : [`memory: '${memoryMiB}MiB'`]),
        ...(cpus === defaultCpus(guest, equipment.accelerator) ? [] : [`cpus: ${cpus}`]),
      ],
    }
  }
}

function no(reason: string): Fit {
  return { fits: false, reasons: [reason], options: [] }
}
