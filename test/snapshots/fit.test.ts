import { expect, test } from 'vitest'
import { keyDifferences } from '../../src/snapshots/fit.ts'
import type { KeyParts } from '../../src/snapshots/key.ts'
import { parts } from './made-snapshot.ts'

const kvm: KeyParts = { ...parts, hostCpu: 'x', shape: { ...parts.shape, accelerator: 'kvm', cpuModel: 'host' } }

test.each<[string, KeyParts, KeyParts, string[]]>([
  ['nothing', parts, parts, []],
  ['QEMU', parts, { ...parts, qemuVersion: '10.1' }, ['QEMU']],
  ['the guest', parts, { ...parts, guestId: 'ffff' }, ['build of the guest']],
  ['the accelerator, and what comes with it', parts, kvm, ['accelerator']],
  ["the host's CPU", kvm, { ...kvm, hostCpu: 'y' }, ["host's CPU"]],
  ['the firmware', parts, { ...parts, shape: { ...parts.shape, firmware: 'uefi' } }, ['firmware']],
  ['the devices', parts, { ...parts, shape: { ...parts.shape, devices: 'inbox' } }, ['devices']],
  ['the TPM', { ...parts, shape: { ...parts.shape, tpm: '2.0' } }, parts, ['TPM']],
  ['the memory', parts, { ...parts, shape: { ...parts.shape, memoryMiB: 2048 } }, ['memory in MiB']],
])('where %s differs, that is said', (_, snapshot, host, expected) => {
  expect(keyDifferences(snapshot, host).map(({ part }) => part)).toEqual(expected)
})
