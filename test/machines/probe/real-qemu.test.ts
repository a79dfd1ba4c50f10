import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { probeAccelerator } from '../../../src/machines/probe/accelerator.ts'
import { probeArguments } from '../../../src/machines/probe/arguments.ts'
import { kvmDeviceProblem } from '../../../src/machines/probe/device.ts'
import { probeFirmware, probeSteps } from '../../../src/machines/probe/guest.ts'
import { runGuest } from '../../../src/machines/probe/run-guest.ts'
import { findProgram, makeBench, makeFolder } from './programs.ts'

const qemu = (await findProgram('qemu-system-x86_64')) ?? ''

describe.skipIf(qemu === '')('with the QEMU of this host', { timeout: 120_000 }, () => {
  test('the guest executes every step under TCG', async () => {
    await makeBench()
    const run = await runGuest({ qemu, accelerator: 'tcg', deadlineMs: 60_000 })

    expect(run).toMatchObject({ end: 'works', status: '33', steps: [...probeSteps.keys()].join(''), words: '' })
  })

  test.for([
    { cpu: 'qemu64', steps: 'RPLCD' },
    { cpu: 'max,cx16=off', steps: 'RPLOSXVD' },
    { cpu: 'max,avx=off', steps: 'RPLCOSXD' },
    { cpu: 'max,xsave=off,cx16=off', steps: 'RPLD' },
  ])('a CPU of the model $cpu is asked for what it has: $steps', async ({ cpu, steps }) => {
    const firmware = join(await makeFolder(), 'guest.bin')
    await writeFile(firmware, probeFirmware())
    const qemuArguments = probeArguments({
      accelerator: 'tcg',
      firmware,
    }).map((argument) => (argument === 'max' ? cpu : argument))
    const result = await execa(qemu, qemuArguments, { reject: false, stdin: 'ignore', timeout: 60_000 })

    expect(result).toMatchObject({ exitCode: 33, stdout: steps })
  })

  test('what the probe says about KVM is what the guest has shown', async ({ skip }) => {
    skip((await kvmDeviceProblem()) !== undefined, 'KVM cannot be opened here')
    const { folder } = await makeBench()
    const run = await runGuest({ qemu, accelerator: 'kvm', deadlineMs: 5000 })
    const answer = await probeAccelerator({ qemu, requested: 'auto', cacheFolder: join(folder, 'a cache') })

    expect(answer).toMatchObject({ accelerator: run.end === 'works' ? 'kvm' : 'tcg', cached: false })
    expect(answer.reason).toMatch(run.end === 'works' ? /^KVM works/ : /^KVM (does not|did not|could not) /)
    if (run.end === 'stopped') {
      expect(answer.reason).toContain(probeSteps.get(run.steps.slice(-1)))
      expect(answer.reason).toContain(run.words)
    }
  })

  test('KVM by name is granted or refused as "auto" finds it', async () => {
    const { folder } = await makeBench()
    const auto = await probeAccelerator({ qemu, requested: 'auto', cacheFolder: join(folder, 'one') })
    const named = probeAccelerator({ qemu, requested: 'kvm', cacheFolder: join(folder, 'two') })

    if (auto.accelerator === 'kvm') {
      expect(await named).toMatchObject({ accelerator: 'kvm' })
    } else {
      await expect(named).rejects.toMatchObject({ code: 'ACCELERATOR_UNUSABLE' })
    }
  })
})
