import { OsrunError } from '../protocol/errors.ts'

/** A guest: data that says what its machines are made of and how its readiness is brought about. */
export interface Guest {
  readonly name: string
  /** One line for a person. */
  readonly description: string
  readonly memoryMiB: number
  readonly cpus: number
  /** A versioned machine type: part of every snapshot's key. */
  readonly machineType: string
  /** CPU model where there is no hardware acceleration; with it the host's own is used. */
  readonly cpuModel: string
  readonly screen: { readonly width: number; readonly height: number }
  readonly kernelCommandLine: string
  /** Added to it under software emulation. */
  readonly emulatedKernelFlags: string
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

/** What a guest's recipe leaves: the disk, what boots it, and the hash of both. */
export interface GuestFiles {
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
  /** Hexadecimal; guests with the same id have the same files. */
  readonly id: string
}

/** The default guest: Debian with Wine. It is not Windows. */
const wine: Guest = {
  name: 'wine',
  description: 'a small Debian with Wine: runs Win32 programs, is not Windows',
  memoryMiB: 1024,
  cpus: 1,
  machineType: 'pc-q35-10.0',
  cpuModel: 'Westmere',
  screen: { width: 1024, height: 768 },
  kernelCommandLine: [
    'root=/dev/vda rw console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on printk.devkmsg=on',
    'net.ifnames=0 consoleblank=0 vt.global_cursor_default=0 drm_kms_helper.fbdev_emulation=0 mitigations=off',
  ].join(' '),
  // An emulated clock needs no cross-check, and one that fails on a busy host makes every later clock read slow.
  emulatedKernelFlags: 'tsc=reliable clocksource=tsc no_timer_check',
  clockSetter: 'guest-agent',
  shells: ['cmd'],
  warmUp: [
    'cmd /d /s /c "exit 0"',
    'cmd /d /s /c "dir C:\\ & echo %USERNAME% & set"',
    'cmd /d /s /c "tasklist & hostname & whoami"',
    'cmd /d /s /c "exit 0"',
  ],
  bootDeadline: { accelerated: 60_000, emulated: 300_000 },
}

const guests: ReadonlyMap<string, Guest> = new Map([[wine.name, wine]])

/** Names that the options promise, and that nothing stands behind yet. */
const planned: ReadonlySet<string> = new Set(['win11', 'win10', 'server2022', 'server2025'])

/** Names of the guests that can be used. */
export function guestNames(): string[] {
  return [...guests.keys()]
}

/** The guest of that name. @throws OsrunError UNKNOWN_GUEST with the names there are */
export function findGuest(name: string): Guest {
  const guest = guests.get(name)
  if (guest === undefined && planned.has(name)) {
    throw new OsrunError(
      'UNKNOWN_GUEST',
      `Guest "${name}" is not in this version of osrun: it can neither get Windows nor install it. ` +
        `Guests: ${guestNames().join(', ')}.`,
    )
  }
  if (guest === undefined) {
    throw new OsrunError('UNKNOWN_GUEST', `There is no guest "${name}". Guests: ${guestNames().join(', ')}.`)
  }
  return guest
}
