import type { Accelerator, Devices } from '../machines/shape.ts'

/** A guest: data that says what its machines are made of and how its readiness is brought about. */
export interface Guest {
  readonly name: string
  /** One line for a person. */
  readonly description: string
  readonly memoryMiB: number
  /** With hardware acceleration: emulated, a machine has one. */
  readonly cpus: number
  /** A versioned machine type: part of every snapshot's key. */
  readonly machineType: string
  /** CPU model where there is no hardware acceleration; with it the host's own is used. */
  readonly cpuModel: string
  readonly screen: { readonly width: number; readonly height: number }
  /** For direct kernel boot. A guest without is started from its disk by the firmware. */
  readonly kernel?: {
    readonly commandLine: string
    /** Added to it under software emulation. */
    readonly emulatedFlags: string
  }
  /** Default `virtio`. */
  readonly devices?: Devices
  /** Has a use for Hyper-V enlightenments. */
  readonly enlightened?: true
  /** Who can set the guest's clock: our agent, or QEMU's guest agent where the system below is not Windows. */
  readonly clockSetter: 'agent' | 'guest-agent'
  /** Command interpreters that a client may ask for. */
  readonly shells: readonly ('cmd' | 'powershell')[]
  /**
   * Commands run before the template is saved, so that the guest's caches hold what each kind of command needs. Their
   * exit codes do not matter.
   */
  readonly warmUp: readonly string[]
  /** Milliseconds from power on to the agent's answer: with hardware acceleration, and without. */
  readonly bootDeadline: { readonly accelerated: number; readonly emulated: number }
}

/**
 * Processors of a machine where nobody asks for another number. QEMU that emulates several may abort while the firmware
 * lays out the memory (`iotlb_to_section: Assertion`, its issue 1921): seen with two, on a busy host.
 */
export function defaultCpus({ cpus }: Guest, accelerator: Accelerator): number {
  return accelerator === 'tcg' ? 1 : cpus
}

/** What a guest's recipe or its installation leaves: the disk, what boots it, and the hash of both. */
export interface GuestFiles {
  readonly disk: string
  readonly kernel?: string
  readonly initrd?: string
  /** The code of a firmware that boots by UEFI, and what it remembers of the disk: both, or a BIOS boots. */
  readonly firmware?: string
  readonly variables?: string
  /** What its TPM holds, where it has one. */
  readonly tpm?: string
  /** What it was installed for, where that is not what such guests have by default. */
  readonly devices?: Devices
  /** Hexadecimal; guests with the same id have the same files. */
  readonly id: string
}
