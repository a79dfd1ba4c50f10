import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { kvmDeviceProblem } from '../../../src/machines/probe/device.ts'
import { makeFolder } from './programs.ts'

test('a device that can be opened is no problem', async () => {
  const device = join(await makeFolder(), 'kvm')
  await writeFile(device, '')

  expect(await kvmDeviceProblem(device)).toBeUndefined()
})

test('a device that does not exist is named, with how to get it', async () => {
  const device = join(await makeFolder(), 'kvm')

  expect(await kvmDeviceProblem(device)).toMatch(/not there: .* does not exist\. Switch on virtualisation .*--device=/)
})

test('a device that is no file is named with the code of the error', async () => {
  const folder = await makeFolder()

  expect(await kvmDeviceProblem(folder)).toContain(`${folder} cannot be opened (EISDIR)`)
})

test('a device that this user may not open leads to the group kvm', { timeout: 60_000 }, async () => {
  const folder = await makeFolder()
  const device = join(folder, 'kvm')
  await writeFile(device, '')
  await chmod(device, 0)
  await chmod(folder, 0o755)

  const { stdout } = await execa(process.execPath, [join(import.meta.dirname, 'fixtures/try-device.ts'), device])

  expect(stdout).toContain('cannot be opened (EACCES)')
  expect(stdout).toContain('group kvm')
  expect(stdout).toContain('--group-add')
})
