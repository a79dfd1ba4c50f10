import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findFirmware, firmwarePlaces, variablesIn, writableVariables } from '../../src/machines/firmware.ts'
import { requirements } from '../../src/runtime/requirements/requirements.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun firmware '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

const placed = (name: string) => ({ code: join(folder, `${name}.code`), variables: join(folder, `${name}.vars`) })

test('a firmware is found where both of its files are', async () => {
  const places = [placed('one'), placed('other')]
  await writeFile(join(folder, 'one.code'), '')
  await writeFile(join(folder, 'other.code'), '')
  await writeFile(join(folder, 'other.vars'), '')
  expect(findFirmware(places)).toEqual(placed('other'))
})

test('a host without is told what is missing, where it was looked for and what to do', () => {
  const places = [placed('one'), placed('other')]
  expect(() => findFirmware(places)).toThrowError(expect.objectContaining({ code: 'HOST_INCOMPLETE' }))
  expect(() => findFirmware(places)).toThrow(`OVMF (${join(folder, 'one.code')}, ${join(folder, 'other.code')})`)
  expect(() => findFirmware(places)).toThrow('`osrun doctor --install`')
})

test("doctor looks where the machines' firmware is looked for", () => {
  const ovmf = requirements.find(({ title }) => title === 'OVMF')
  const places = firmwarePlaces.map(({ code }) => code).filter((code) => code.startsWith('/usr/share/'))
  expect([ovmf?.name, ...(ovmf?.orElse ?? [])]).toEqual(places)
})

test('each machine writes to a copy of the variables, also of those that nobody may write', async () => {
  const firmware = placed('guest')
  await writeFile(firmware.variables, 'of the guest', { mode: 0o444 })
  const machine = join(folder, 'machine')
  await mkdir(machine)
  await writableVariables(firmware, machine)
  await writeFile(variablesIn(machine), 'of the machine')
  expect((await stat(variablesIn(machine))).mode & 0o777).toBe(0o600)
  expect(await readFile(firmware.variables, 'utf8')).toBe('of the guest')
})

test('a machine that a BIOS starts has no variables', async () => {
  await writableVariables(undefined, folder)
  await expect(stat(variablesIn(folder))).rejects.toThrow('ENOENT')
})
