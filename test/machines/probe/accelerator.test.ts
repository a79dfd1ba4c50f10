import { copyFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ProbeOptions, probeAccelerator } from '../../../src/machines/probe/accelerator.ts'
import { findProgram, makeBench, notedPid, untilGone } from './programs.ts'

const qemu = await findProgram('qemu-system-x86_64')

// KVM is a part of Linux, and the stand-in programs are started by their first line.
describe.skipIf(process.platform !== 'linux')('on Linux', { timeout: 120_000 }, () => {
  test('TCG is granted without a probe', async () => {
    const { options } = await makeOptions('does-not-exist', { requested: 'tcg' })

    expect(await probeAccelerator(options)).toEqual({
      accelerator: 'tcg',
      reason: 'TCG was asked for',
      cached: false,
    })
  })

  test('without the device "auto" is TCG, with the next step, and nothing is started', async () => {
    const { options, folder } = await makeOptions('hangs', { requested: 'auto' })
    const answer = await probeAccelerator({ ...options, kvmDevice: join(folder, 'no device') })

    expect(answer).toMatchObject({ accelerator: 'tcg', cached: false })
    expect(answer.reason).toMatch(/does not exist\. Switch on virtualisation .* under TCG/)
  })

  test('without the device KVM by name is refused', async () => {
    const { options, folder } = await makeOptions('hangs')

    await expect(probeAccelerator({ ...options, kvmDevice: join(folder, 'no device') })).rejects.toMatchObject({
      code: 'ACCELERATOR_UNUSABLE',
      message: expect.stringContaining('does not exist'),
    })
  })

  test('HVF is refused, for it is not of this platform', async () => {
    const { options } = await makeOptions('hangs', { requested: 'hvf' })

    await expect(probeAccelerator(options)).rejects.toMatchObject({
      code: 'ACCELERATOR_UNUSABLE',
      message: expect.stringContaining('a part of darwin'),
    })
  })

  test('on another processor nothing is tried: "auto" is TCG, KVM by name is refused', async () => {
    const { options, folder } = await makeOptions('hangs', { requested: 'auto' })
    const foreign = { ...options, processor: 'arm64', kvmDevice: join(folder, 'no device') }

    expect(await probeAccelerator(foreign)).toEqual({
      accelerator: 'tcg',
      reason: "KVM cannot run guests, which are x86-64, on this computer's arm64. They run under TCG, in software",
      cached: false,
    })
    await expect(probeAccelerator({ ...foreign, requested: 'kvm' })).rejects.toMatchObject({
      code: 'ACCELERATOR_UNUSABLE',
      message: expect.stringContaining("on this computer's arm64; or choose 'auto' or 'tcg'"),
    })
  })

  test.for([
    { program: 'exits-early', deadlineMs: 60_000, says: /QEMU ended with 1 at the start.*the \[31maccelerator/ },
    { program: 'exits-with-success', deadlineMs: 60_000, says: /QEMU ended with 33 at the start/ },
    { program: 'hangs', deadlineMs: 1000, says: /within 1000 ms: it was at the start, before the guest had run/ },
    { program: 'stops-with-an-internal-error', deadlineMs: 60_000, says: /`xrstor` in ring 0 .*KVM internal error/ },
    { program: 'does-not-exist', deadlineMs: 60_000, says: /QEMU cannot be started \(ENOENT\)/ },
  ])(
    'a QEMU that $program is a reason for "auto" and an error for KVM by name',
    async ({ program, deadlineMs, says }) => {
      const { options } = await makeOptions(program, { deadlineMs })

      expect(await probeAccelerator({ ...options, requested: 'auto' })).toEqual({
        accelerator: 'tcg',
        reason: expect.stringMatching(says),
        cached: false,
      })
      await expect(probeAccelerator(options)).rejects.toMatchObject({
        code: 'ACCELERATOR_UNUSABLE',
        message: expect.stringMatching(says),
      })
    },
  )

  test('an answer that the guest did not give is not kept', async () => {
    const { options } = await makeOptions('exits-early', { requested: 'auto' })
    await probeAccelerator(options)

    expect(await probeAccelerator(options)).toMatchObject({ cached: false })
  })

  test('a failure that the guest has shown is kept', async () => {
    const { options } = await makeOptions('stops-with-an-internal-error', { requested: 'auto' })
    const first = await probeAccelerator(options)

    expect(await probeAccelerator(options)).toEqual({ ...first, cached: true })
    await expect(probeAccelerator({ ...options, requested: 'kvm' })).rejects.toMatchObject({
      code: 'ACCELERATOR_UNUSABLE',
    })
  })

  test('the caller cancels a probe under way', async () => {
    const caller = new AbortController()
    const { options } = await makeOptions('hangs', { signal: caller.signal, deadlineMs: 100_000 })
    const probing = probeAccelerator(options)
    const pid = await notedPid(options.qemu)
    caller.abort(new Error('enough'))

    await expect(probing).rejects.toMatchObject({ code: 'CANCELED', cause: { message: 'enough' } })
    await untilGone(pid)
  })

  test('a probe is not begun for a caller that has canceled', async () => {
    const { options } = await makeOptions('hangs', { signal: AbortSignal.abort(), requested: 'auto' })

    await expect(probeAccelerator(options)).rejects.toMatchObject({ code: 'CANCELED' })
  })

  test('a deadline of 0 is refused, for it would be none', async () => {
    const { options } = await makeOptions('hangs', { deadlineMs: 0 })

    await expect(probeAccelerator(options)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })

  describe.skipIf(qemu === undefined)('with a QEMU whose guest ends well', () => {
    test('the accelerator is granted, and kept for the next time', async () => {
      const { options, folder } = await makeOptions('runs-under-tcg')
      const first = await probeAccelerator(options)

      expect(first).toEqual({ accelerator: 'kvm', reason: expect.stringMatching(/^KVM works/), cached: false })
      expect(await probeAccelerator({ ...options, requested: 'auto' })).toEqual({ ...first, cached: true })
      expect(await readdir(join(folder, 'a cache'))).toEqual(['accelerator.json'])
    })

    test('a kept answer of another boot is ignored', async () => {
      const { options, path } = await makeKept()
      await change(path, (kept) => ({ ...kept, works: false, key: { ...kept.key, boot: 'another' } }))

      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: true })
    })

    test('a kept answer of the same boot is believed', async () => {
      const { options, path } = await makeKept()
      await change(path, (kept) => ({ ...kept, works: false, reason: 'KVM has a cold' }))

      await expect(probeAccelerator(options)).rejects.toThrow('KVM has a cold')
    })

    test('a kept answer for a QEMU that was changed since is ignored', async () => {
      const { options } = await makeKept()
      await utimes(options.qemu, 1, 1)

      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
    })

    test('a kept answer for another QEMU is ignored', async () => {
      const { options } = await makeKept()
      const other = join(options.qemu, '..', 'another.mjs')
      await copyFile(options.qemu, other)

      expect(await probeAccelerator({ ...options, qemu: other })).toMatchObject({ cached: false })
    })

    test('a kept answer for a device with other permissions is ignored', async () => {
      const { options, folder } = await makeKept()
      const kvmDevice = join(folder, 'kvm')
      await writeFile(kvmDevice, '', { mode: 0o600 })
      await probeAccelerator({ ...options, kvmDevice })

      expect(await probeAccelerator({ ...options, kvmDevice })).toMatchObject({ cached: true })
      expect(await probeAccelerator(options)).toMatchObject({ cached: false })
    })

    test.for(['', '{"key":', 'null', '[]', '{}', '{"key":{},"works":true,"reason":"?"}', '\0\0\0'])(
      'a damaged cache is ignored and made anew: %j',
      async (content) => {
        const { options, path } = await makeKept()
        await writeFile(path, content)

        expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
        expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: true })
      },
    )

    test('a kept answer of the wrong shape is ignored', async () => {
      const { options, path } = await makeKept()
      await change(path, (kept) => ({ ...kept, works: 'no' }))

      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
    })

    test('a cache that cannot be written costs nothing but the next probe', async () => {
      const { options, folder } = await makeOptions('runs-under-tcg')
      const cacheFolder = join(folder, 'a cache')
      await mkdir(join(cacheFolder, 'accelerator.json', 'in the way'), { recursive: true })

      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
      expect(await probeAccelerator(options)).toMatchObject({ accelerator: 'kvm', cached: false })
      expect(await readdir(cacheFolder)).toEqual(['accelerator.json'])
    })
  })
})

async function makeOptions(program: string, changes: Partial<ProbeOptions> = {}) {
  const bench = await makeBench()
  const options: ProbeOptions = {
    qemu: bench.program(program),
    requested: 'kvm',
    cacheFolder: join(bench.folder, 'a cache'),
    deadlineMs: 60_000,
    kvmDevice: bench.program(program === 'does-not-exist' ? 'hangs' : program),
    ...changes,
  }
  return { options, folder: bench.folder }
}

async function makeKept() {
  const { options, folder } = await makeOptions('runs-under-tcg')
  await probeAccelerator(options)
  return { options, folder, path: join(folder, 'a cache', 'accelerator.json') }
}

async function change(path: string, edit: (kept: { key: object }) => unknown): Promise<void> {
  await writeFile(path, JSON.stringify(edit(JSON.parse(await readFile(path, 'utf8')))))
}
