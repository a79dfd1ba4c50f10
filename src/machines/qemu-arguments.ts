import { sandboxArguments } from './sandbox.ts'
import { agentPort, type MachineShape } from './shape.ts'

/** QEMU's name for the machine's memory. */
export const ramBlock = 'pc.ram'

/**
 * A machine's memory: `fresh` for a guest that boots, or a RAM file. `template` maps it shared, so that what is written
 * to memory is in the file; `clone` maps it privately from a file that stays as it is. `offset` is where in the file the
 * memory begins, 0 by default.
 */
export type MachineMemory =
  | { readonly use: 'fresh' }
  | { readonly use: 'template' | 'clone'; readonly path: string; readonly offset?: number }

/** One start of QEMU. All paths are absolute and may hold any character. */
export interface QemuStart {
  readonly name: string
  readonly shape: MachineShape
  readonly memory: MachineMemory
  /** The machine's own writable overlay. */
  readonly disk: string
  /** The machine's own copy of its firmware's variables, where the shape has a firmware. */
  readonly variables?: string
  /** Unix socket of swtpm, where the shape has a TPM. */
  readonly tpmSocket?: string
  readonly network: 'isolated' | 'internet'
  /** Read-only media in the machine's drives; without a kernel it starts from the first of them. Not for `virtio`. */
  readonly media?: readonly string[]
  /** Wait for a device state on the monitor instead of booting. */
  readonly incoming: boolean
  /** Unix sockets: the first is listened on by us, the others are made by QEMU, the last only where it is asked for. */
  readonly sockets: {
    readonly qmp: string
    readonly vnc: string
    readonly guestAgent: string
    readonly humanMonitor?: string
  }
  readonly serialLog: string
}

/** QEMU's command line, without the program. The machine does not run until the monitor says `cont`. */
export function qemuArguments(start: QemuStart, platform?: NodeJS.Platform): string[] {
  return [
    ...processArguments(start),
    ...sandboxArguments(platform),
    ...machineArguments(start),
    ...firmwareArguments(start),
    ...diskArguments(start),
    ...networkArguments(start),
    ...deviceArguments(start),
    ...tpmArguments(start),
    ...screenArguments(start),
    ...bootArguments(start),
  ]
}

function processArguments({ name, sockets }: QemuStart): string[] {
  return [
    ...['-name', escapeCommas(name)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-S'],
    ...['-chardev', `socket,id=qmp,path=${escapeCommas(sockets.qmp)},server=off`],
    ...['-mon', 'chardev=qmp,mode=control'],
    ...humanMonitorArguments(sockets.humanMonitor),
  ]
}

// No device of the machine: its snapshots are those of machines without.
function humanMonitorArguments(socket: string | undefined): string[] {
  return socket === undefined
    ? []
    : [
        ...['-chardev', `socket,id=hmp,path=${escapeCommas(socket)},server=on,wait=off`],
        ...['-mon', 'chardev=hmp,mode=readline'],
      ]
}

function machineArguments({ shape, memory }: QemuStart): string[] {
  return [
    '-machine',
    `${shape.machineType},memory-backend=${ramBlock},mem-merge=off,dump-guest-core=off,vmport=off,${boardOptions(shape)}${firmwareOptions(shape)}`,
    ...['-accel', acceleratorArgument(shape)],
    ...['-cpu', shape.cpuModel],
    ...['-smp', `cpus=${shape.cpus}`],
    ...['-m', `size=${shape.memoryMiB}M`],
    '-object',
    JSON.stringify({ id: ramBlock, size: shape.memoryMiB * 2 ** 20, reserve: false, ...memoryBackend(memory) }),
    ...['-rtc', `base=${shape.kernel === undefined ? 'localtime' : 'utc'},clock=host`],
  ]
}

/** Which kinds of devices there are; a machine that has both works by those of the inbox. */
function kindsOf({ devices = 'virtio' }: MachineShape): { readonly inbox: boolean; readonly virtio: boolean } {
  return { inbox: devices !== 'virtio', virtio: devices !== 'inbox' }
}

// What nobody has a use for costs time at each start. Windows wants a keyboard controller.
function boardOptions(shape: MachineShape): string {
  const { inbox } = kindsOf(shape)
  return [...(inbox ? [] : ['sata=off']), shape.kernel === undefined ? 'hpet=off' : 'smbus=off,i8042=off'].join(',')
}

function firmwareOptions({ firmware }: MachineShape): string {
  return firmware === undefined ? '' : ',pflash0=firmware,pflash1=variables'
}

// Flash of the board: what the guest wrote to it is part of the device state, and so in each snapshot.
function firmwareArguments({ shape: { firmware }, variables = '' }: QemuStart): string[] {
  if (firmware === undefined) {
    return []
  }
  const flash = (name: string, filename: string, readOnly: boolean) => [
    '-blockdev',
    JSON.stringify({ driver: 'raw', 'node-name': name, 'read-only': readOnly, file: { driver: 'file', filename } }),
  ]
  return [...flash('firmware', firmware.code, true), ...flash('variables', variables, false)]
}

function memoryBackend(memory: MachineMemory): object {
  if (memory.use === 'fresh') {
    return { 'qom-type': 'memory-backend-ram' }
  }
  return {
    'qom-type': 'memory-backend-file',
    'mem-path': memory.path,
    ...(memory.offset === undefined ? {} : { offset: memory.offset }),
    ...(memory.use === 'template' ? { share: true } : { share: false, readonly: true, rom: 'off' }),
  }
}

function acceleratorArgument({ accelerator }: MachineShape): string {
  // QEMU's own default for the translation cache is sized for one machine alone on the host.
  return accelerator === 'tcg' ? 'tcg,thread=multi,tb-size=256' : accelerator
}

function diskArguments({ shape, disk, media = [] }: QemuStart): string[] {
  const { inbox, virtio } = kindsOf(shape)
  const order = { bootindex: media.length }
  return [
    '-blockdev',
    JSON.stringify({
      driver: 'qcow2',
      'node-name': 'disk',
      discard: 'unmap',
      // An overlay lives no longer than its machine: nothing is gained by waiting for the platter.
      cache: { direct: false, 'no-flush': true },
      file: { driver: 'file', filename: disk, cache: { direct: false, 'no-flush': true } },
    }),
    ...(inbox
      ? ideDevice('ide-hd', 'disk0', 0, { drive: 'disk', ...order, rotation_rate: 1 })
      : device('virtio-blk-pci', 'disk0', 3, { drive: 'disk', ...(shape.kernel === undefined && order) })),
    ...(inbox && virtio ? emptyDiskArguments() : []),
    ...media.flatMap((filename, index) => mediumArguments(filename, index)),
  ]
}

// Where the machine's disk is once its guest runs on virtio: Windows starts from there only if it has seen a disk there.
function emptyDiskArguments(): string[] {
  return [
    '-blockdev',
    JSON.stringify({ driver: 'null-co', 'node-name': 'empty', size: 64 * 2 ** 20, 'read-zeroes': true }),
    ...device('virtio-blk-pci', 'disk1', 3, { drive: 'empty' }),
  ]
}

function mediumArguments(filename: string, index: number): string[] {
  const name = `medium${index}`
  return [
    '-blockdev',
    JSON.stringify({ driver: 'raw', 'node-name': name, 'read-only': true, file: { driver: 'file', filename } }),
    ...ideDevice('ide-cd', name.replace('medium', 'drive'), index + 1, { drive: name, bootindex: index }),
  ]
}

// The board's own AHCI controller; each of its ports is a bus.
function ideDevice(driver: string, id: string, port: number, properties: object): string[] {
  return ['-device', JSON.stringify({ driver, id, bus: `ide.${port}`, ...properties })]
}

function networkArguments({ shape, network }: QemuStart): string[] {
  const { inbox, virtio } = kindsOf(shape)
  const card = inbox ? 'e1000e' : 'virtio-net-pci'
  return [
    '-netdev',
    JSON.stringify({
      type: 'user',
      id: 'net',
      restrict: network === 'isolated',
      ipv6: false,
      // Port 0: the host's kernel chooses, so no two machines can ask for the same one.
      hostfwd: [{ str: `tcp:127.0.0.1:0-:${agentPort}` }],
    }),
    ...device(card, 'net0', 4, { netdev: 'net', mac: '52:54:00:12:34:56', romfile: '' }),
    ...(inbox && virtio ? secondCardArguments() : []),
  ]
}

// In a network of its own: the guest could not tell two with the same addresses apart.
function secondCardArguments(): string[] {
  return [
    '-netdev',
    JSON.stringify({ type: 'user', id: 'nowhere', restrict: true, ipv6: false, net: '10.0.3.0/24' }),
    ...device('virtio-net-pci', 'net1', 8, { netdev: 'nowhere', mac: '52:54:00:12:34:57', romfile: '' }),
  ]
}

function deviceArguments(start: QemuStart): string[] {
  const { shape, serialLog } = start
  return [
    ...(kindsOf(shape).virtio ? virtioArguments(start) : []),
    ...device('qemu-xhci', 'usb', 7),
    ...['-device', JSON.stringify({ driver: 'usb-tablet', id: 'tablet0', bus: 'usb.0', port: '1' })],
    ...['-device', JSON.stringify({ driver: 'usb-kbd', id: 'keyboard0', bus: 'usb.0', port: '2' })],
    ...['-device', JSON.stringify({ driver: 'vmgenid', guid: 'auto' })],
    ...['-chardev', `file,id=serial,path=${escapeCommas(serialLog)}`],
    ...['-device', JSON.stringify({ driver: 'isa-serial', id: 'serial0', chardev: 'serial' })],
  ]
}

// What it holds is part of the device state, and so in each snapshot.
function tpmArguments({ tpmSocket }: QemuStart): string[] {
  return tpmSocket === undefined
    ? []
    : [
        ...['-chardev', `socket,id=swtpm,path=${escapeCommas(tpmSocket)}`],
        ...['-tpmdev', 'emulator,id=tpm,chardev=swtpm'],
        ...['-device', JSON.stringify({ driver: 'tpm-crb', id: 'tpm0', tpmdev: 'tpm' })],
      ]
}

function virtioArguments({ sockets }: QemuStart): string[] {
  return [
    ...device('virtio-serial-pci', 'serial-bus', 5),
    ...['-chardev', `socket,id=qga,path=${escapeCommas(sockets.guestAgent)},server=on,wait=off`],
    ...[
      '-device',
      JSON.stringify({ driver: 'virtserialport', id: 'qga0', chardev: 'qga', name: 'org.qemu.guest_agent.0' }),
    ],
    ...device('virtio-rng-pci', 'rng0', 6),
  ]
}

function screenArguments({ shape, sockets }: QemuStart): string[] {
  const { width, height } = shape.screen
  return [
    ...device('VGA', 'screen0', 2, { vgamem_mb: 16, edid: true, xres: width, yres: height }),
    ...['-display', 'none'],
    ...['-vnc', `unix:${escapeCommas(sockets.vnc)}`],
  ]
}

function bootArguments({ shape: { kernel }, incoming }: QemuStart): string[] {
  return [
    ...(kernel === undefined
      ? []
      : ['-kernel', kernel.image, '-initrd', escapeCommas(kernel.initrd), '-append', kernel.commandLine]),
    ...(incoming ? ['-incoming', 'defer'] : []),
  ]
}

// Every device has its own address: both sides of a snapshot must agree on it, whatever is added later.
function device(driver: string, id: string, slot: number, properties: object = {}): string[] {
  return ['-device', JSON.stringify({ driver, id, bus: 'pcie.0', addr: `0x${slot.toString(16)}`, ...properties })]
}

// In QEMU's option lists a comma ends the value, and two commas are one.
function escapeCommas(value: string): string {
  return value.replaceAll(',', ',,')
}
