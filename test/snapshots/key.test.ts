import { expect, test } from 'vitest'
import { type KeyParts, snapshotKey } from '../../src/snapshots/key.ts'

const parts: KeyParts = {
  format: 1,
  guestId: 'abcd',
  qemuVersion: '10.0.2 (Debian 1:10.0.2+ds-2)',
  hostCpu: '',
  shape: {
    machineType: 'pc-q35-10.0',
    accelerator: 'tcg',
    cpuModel: 'Westmere',
    cpus: 1,
    memoryMiB: 1024,
    screen: { width: 1024, height: 768 },
    kernelCommandLine: 'quiet',
  },
}

test('equal parts have one key, in whatever order they are named', () => {
  const { shape, ...rest } = parts
  expect(snapshotKey({ shape: { ...shape }, ...rest })).toBe(snapshotKey(parts))
  expect(snapshotKey(parts)).toMatch(/^[0-9a-f]{16}$/)
})

test.each<[string, KeyParts]>([
  ['the store format', { ...parts, format: 2 }],
  ['the recipe of the guest', { ...parts, guestId: 'abce' }],
  ["QEMU's build", { ...parts, qemuVersion: '10.0.3' }],
  ["the host's CPU", { ...parts, hostCpu: 'x' }],
  ['the accelerator', { ...parts, shape: { ...parts.shape, accelerator: 'kvm' } }],
  ['the CPU model', { ...parts, shape: { ...parts.shape, cpuModel: 'host' } }],
  ['the machine type', { ...parts, shape: { ...parts.shape, machineType: 'pc-q35-10.1' } }],
  ['the memory', { ...parts, shape: { ...parts.shape, memoryMiB: 2048 } }],
  ['the CPUs', { ...parts, shape: { ...parts.shape, cpus: 2 } }],
  ['the kernel command line', { ...parts, shape: { ...parts.shape, kernelCommandLine: '' } }],
])('%s is part of the key', (_, other) => {
  expect(snapshotKey(other)).not.toBe(snapshotKey(parts))
})
