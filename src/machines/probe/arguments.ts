import { sandboxArguments } from '../sandbox.ts'

export type Accelerator = 'kvm' | 'hvf' | 'tcg'

/** QEMU's exit status when the guest has executed every step, and when a step ended with a wrong result. */
export const exitStatus = { works: 33, wrongResult: 35 } as const

/** The command line of QEMU that runs the probe's guest. */
export function probeArguments(
  options: { accelerator: Accelerator; firmware: string },
  platform?: NodeJS.Platform,
): string[] {
  return [
    '-nodefaults',
    '-no-user-config',
    ...['-name', 'osrun-probe'],
    ...['-machine', 'q35'],
    ...['-accel', options.accelerator],
    ...['-cpu', cpuModel[options.accelerator]],
    ...['-m', '16M'],
    ...['-display', 'none'],
    '-no-reboot',
    ...['-bios', options.firmware],
    ...['-chardev', 'stdio,id=steps,signal=off'],
    ...['-device', 'isa-debugcon,id=console,iobase=0xe9,chardev=steps'],
    ...['-device', 'isa-debug-exit,id=exit,iobase=0xf4,iosize=1'],
    ...sandboxArguments(platform),
  ]
}

// A host may list arch-capabilities and yet refuse the MSR behind it: QEMU then aborts before the guest has run.
export const cpuModel = { kvm: 'host,arch-capabilities=off', hvf: 'host', tcg: 'max' } as const
