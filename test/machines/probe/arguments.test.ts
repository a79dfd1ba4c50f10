import { expect, test } from 'vitest'
import { probeArguments } from '../../../src/machines/probe/arguments.ts'

const before = ['-nodefaults', '-no-user-config', '-name', 'osrun-probe', '-machine', 'q35']
const after = [
  ...['-m', '16M', '-display', 'none', '-no-reboot', '-bios', '/tmp/a folder/guest.bin'],
  ...['-chardev', 'stdio,id=steps,signal=off'],
  ...['-device', 'isa-debugcon,id=console,iobase=0xe9,chardev=steps'],
  ...['-device', 'isa-debug-exit,id=exit,iobase=0xf4,iosize=1'],
]
const sandbox = ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']

test.each([
  { accelerator: 'kvm', platform: 'linux', middle: ['-accel', 'kvm', '-cpu', 'host,arch-capabilities=off'] },
  { accelerator: 'hvf', platform: 'darwin', middle: ['-accel', 'hvf', '-cpu', 'host'] },
  { accelerator: 'tcg', platform: 'linux', middle: ['-accel', 'tcg', '-cpu', 'max'] },
] as const)('the command line for $accelerator names the accelerator and a CPU for it', (row) => {
  const { accelerator, platform, middle } = row
  expect(probeArguments({ accelerator, firmware: '/tmp/a folder/guest.bin' }, platform)).toEqual([
    ...before,
    ...middle,
    ...after,
    ...(platform === 'linux' ? sandbox : []),
  ])
})
