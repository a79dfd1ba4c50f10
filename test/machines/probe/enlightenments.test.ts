import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findGuest } from '../../../src/guests/guest.ts'
import {
  chooseEnlightenments,
  enlightenments,
  probeEnlightenments,
  startArguments,
  starts,
} from '../../../src/machines/probe/enlightenments.ts'
import { cpuModelOf } from '../../../src/server/host-key.ts'
import { findProgram, makeFolder } from './programs.ts'

/** A host whose QEMU refuses these, and what it was started with. */
function hostWithout(...refused: readonly string[]) {
  const asked: (readonly string[])[] = []
  const works = async (features: readonly string[]) => {
    asked.push(features)
    return !features.some((feature) => refused.includes(feature))
  }
  return { asked, works }
}

test('a host that has all is asked once', async () => {
  const { asked, works } = hostWithout()
  expect(await chooseEnlightenments(works)).toEqual(enlightenments)
  expect(asked).toEqual([enlightenments])
})

test.each([
  ['one', ['b'], ['a', 'c', 'd']],
  ['the first and the last', ['a', 'd'], ['b', 'c']],
  ['all', ['a', 'b', 'c', 'd'], []],
])('a host that refuses %s has the others', async (_, refused, expected) => {
  const { works } = hostWithout(...refused)
  expect(await chooseEnlightenments(works, ['a', 'b', 'c', 'd'])).toEqual(expected)
})

test('what a refused one is needed for is refused with it', async () => {
  const works = async (features: readonly string[]) => {
    const needs = !features.includes('timer') || features.includes('clock')
    return needs && !features.includes('clock')
  }
  expect(await chooseEnlightenments(works, ['relaxed', 'clock', 'timer', 'ipi'])).toEqual(['relaxed', 'ipi'])
})

test('what ties a machine to its host is not asked for', () => {
  expect(enlightenments.join()).not.toMatch(/passthrough|evmcs|enforce|reenlightenment|syndbg/)
})

test.each([
  ['kvm', ['hv-relaxed=on', 'hv-time=on'], 'host,arch-capabilities=off,hv-relaxed=on,hv-time=on'],
  ['kvm', [], 'host,arch-capabilities=off'],
  ['tcg', [], 'Skylake-Client-v4'],
] as const)(
  'the CPU of Windows under %s with %j is %s, which the key of its snapshots has',
  (accelerator, has, model) => {
    const equipment = { accelerator, qemuVersion: '10.0', enlightenments: has }
    expect(cpuModelOf(findGuest('win11'), equipment)).toBe(model)
  },
)

test('QEMU makes a machine with the features, and does not run it', () => {
  const words = startArguments('kvm', ['hv-relaxed=on', 'hv-vapic=on'])
  expect(words).toContain('-S')
  expect(words[words.indexOf('-cpu') + 1]).toBe('host,arch-capabilities=off,hv-relaxed=on,hv-vapic=on')
  expect(words.join(' ')).toContain('-nodefaults')
})

test.each(['tcg', 'hvf'] as const)('under %s there are none, and nobody is asked', async (accelerator) => {
  const cacheFolder = await makeFolder()
  expect(await probeEnlightenments({ qemu: '/nowhere/qemu', accelerator, cacheFolder })).toEqual([])
  expect(await readdir(cacheFolder)).toEqual([])
})

test('what was found is kept for this boot of the host, and asked for anew where QEMU is another', async () => {
  const folder = await makeFolder()
  const qemu = join(folder, 'a qemu')
  const cacheFolder = join(folder, 'cache')
  const refuse = (feature: string) =>
    writeFile(qemu, `#!/bin/sh\necho >>"$0 starts"\ncase "$*" in *${feature}*) kill -ABRT $$ ;; esac\n`, {
      mode: 0o755,
    })
  const probe = () => probeEnlightenments({ qemu, accelerator: 'kvm', cacheFolder })
  const startsSoFar = async () => (await readFile(`${qemu} starts`, 'utf8')).length
  await refuse('hv-time')
  const found = await probe()
  expect(found).toEqual(enlightenments.filter((each) => each !== 'hv-time=on'))
  expect(await startsSoFar()).toBe(1 + enlightenments.length)
  expect(await probe()).toEqual(found)
  expect(await startsSoFar()).toBe(1 + enlightenments.length)
  await refuse('hv-stimer-direct')
  expect(await probe()).toEqual(enlightenments.filter((each) => each !== 'hv-stimer-direct=on'))
})

test('what a deadline has cut short is not kept', async () => {
  const folder = await makeFolder()
  const qemu = join(folder, 'a qemu')
  const cacheFolder = join(folder, 'cache')
  await writeFile(qemu, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
  expect(await probeEnlightenments({ qemu, accelerator: 'kvm', cacheFolder, deadlineMs: 20 })).toEqual([])
  await expect(readdir(cacheFolder)).rejects.toThrow('ENOENT')
})

const qemu = (await findProgram('qemu-system-x86_64')) ?? ''

// Without KVM, QEMU takes each that it knows and does nothing with it: so much can be seen everywhere.
describe.skipIf(qemu === '')('with the QEMU of this host', { timeout: 120_000 }, () => {
  test('a machine is made with all of them, and none with one that it does not know', async () => {
    expect(await starts(qemu, 'tcg', enlightenments, 60_000)).toBe(true)
    expect(await starts(qemu, 'tcg', [...enlightenments, 'hv-nonsense=on'], 60_000)).toBe(false)
    expect(await starts('/nowhere/qemu', 'tcg', [], 60_000)).toBe(false)
  })

  test('KVM is probed once for each boot of the host', async ({ skip }) => {
    skip(
      await access('/dev/kvm').then(
        () => false,
        () => true,
      ),
      'there is no KVM here',
    )
    const cacheFolder = await makeFolder()
    const found = await probeEnlightenments({ qemu, accelerator: 'kvm', cacheFolder })
    expect(enlightenments).toEqual(expect.arrayContaining([...found]))
    expect(await readdir(cacheFolder)).toEqual(['enlightenments.json'])
    expect(await probeEnlightenments({ qemu, accelerator: 'kvm', cacheFolder, deadlineMs: 1 })).toEqual(found)
  })
})
