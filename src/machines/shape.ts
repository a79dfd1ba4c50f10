export type Accelerator = 'kvm' | 'hvf' | 'tcg'

/** What a machine is made of: everything that the device state of a snapshot depends on, besides QEMU's build. */
export interface MachineShape {
  /** A versioned machine type, e.g. `pc-q35-10.0`: the unversioned ones change with QEMU. */
  readonly machineType: string
  readonly accelerator: Accelerator
  /** QEMU's CPU model. */
  readonly cpuModel: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly screen: { readonly width: number; readonly height: number }
  /**
   * Direct kernel boot; the files are opened again at each start. Without it the firmware starts what is on the disk: then
   * the machine is as Windows wants it, with a keyboard controller and a clock that holds local time.
   */
  readonly kernel?: { readonly image: string; readonly initrd: string; readonly commandLine: string }
  /** Starts the machine by UEFI: a BIOS starts it without. */
  readonly firmware?: Firmware
  /** A TPM 2.0 that swtpm emulates; none without. */
  readonly tpm?: Tpm
  /** Default `virtio`. */
  readonly devices?: Devices
}

/** A firmware that boots by UEFI. */
export interface Firmware {
  /** Its code, opened again at each start. */
  readonly code: string
  /** What it remembers, such as which system to boot: each machine writes to a copy of its own. */
  readonly variables: string
}

/** A TPM 2.0. */
export interface Tpm {
  /** What it has in its memory that lasts, of which each machine has a copy of its own; without it the TPM is new. */
  readonly state?: string
}

/**
 * `virtio`: the fastest, for guests that have its drivers. `inbox`: what Windows brings drivers for (AHCI, e1000e).
 * `both`: works by the latter, and has those of virtio beside them, with an empty disk and a card that leads nowhere, so
 * that Windows gets to know them.
 */
export type Devices = 'virtio' | 'inbox' | 'both'

/** TCP port on which the agent listens in every guest. */
export const agentPort = 5454
