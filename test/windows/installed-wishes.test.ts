import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { noteWishes } from '../../src/windows/installed-wishes.ts'
import { inf } from './media/made-virtio-win.ts'

async function driverFolder(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun drivers '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'amd64'))
  await writeFile(join(folder, 'amd64', 'net.inf'), content)
  return folder
}

test('what nobody wished is noted as it will be', async () => {
  const note = await noteWishes('win11', 'en-us', {})
  expect(note).toMatchObject({ user: 'Administrator', computer: 'WIN11', timeZone: 'UTC', compact: 'false' })
  expect(await noteWishes('win11', 'en-us', { user: 'administrator', password: 'Passw0rd!' })).toEqual(note)
})

test('a secret is noted without being said, and another one differs', async () => {
  const note = await noteWishes('win11', 'en-us', { password: 'secret', productKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' })
  expect(JSON.stringify(note)).not.toMatch(/secret|AAAAA/)
  expect(note['password']).not.toBe((await noteWishes('win11', 'en-us', { password: 'Secret' }))['password'])
})

test('a folder is noted by what is in it, wherever it lies', async () => {
  const one = await noteWishes('win11', 'en-us', { drivers: await driverFolder('one') })
  const same = await noteWishes('win11', 'en-us', { drivers: await driverFolder('one') })
  const other = await noteWishes('win11', 'en-us', { drivers: await driverFolder('other') })
  expect(same).toEqual(one)
  expect(other['drivers']).not.toBe(one['drivers'])
  expect(other['ownSteps']).toBe(one['ownSteps'])
})

test('drivers of virtio are noted by what is in them, apart from others, and not without what a machine starts by', async () => {
  const folder = await driverFolder(`${inf('DEV_1001')}${inf('DEV_1000')}`)
  const note = await noteWishes('win11', 'en-us', { virtioDrivers: folder })
  const { virtioDrivers, ...rest } = await noteWishes('win11', 'en-us', {})
  expect(note).toMatchObject(rest)
  expect(note['virtioDrivers']).not.toBe(virtioDrivers)
  await writeFile(join(folder, 'more.sys'), 'code')
  expect((await noteWishes('win11', 'en-us', { virtioDrivers: folder }))['virtioDrivers']).not.toBe(
    note['virtioDrivers'],
  )
  await expect(noteWishes('win11', 'en-us', { virtioDrivers: await driverFolder('none') })).rejects.toThrow(
    /Expected `media\.virtioDrivers`/,
  )
})

test('a folder of drivers cannot lie where those of virtio go', async () => {
  const virtio = await driverFolder(`${inf('DEV_1001')}${inf('DEV_1000')}`)
  const folder = await mkdtemp(join(tmpdir(), 'osrun drivers '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'Virtio-Win'))
  await writeFile(join(folder, 'Virtio-Win', 'net.inf'), 'one')
  await expect(noteWishes('win11', 'en-us', { drivers: folder, virtioDrivers: virtio })).rejects.toThrow(
    /`media\.drivers` to have no folder "virtio-win"/,
  )
})

test('what Windows would refuse, and a folder that is not there, are said before anything is fetched', async () => {
  await expect(noteWishes('server2025', 'en-us', { password: 'short' })).rejects.toThrow(/media\.password.*three kinds/)
  const steps = join(tmpdir(), 'osrun none')
  await expect(noteWishes('win11', 'en-us', { ownSteps: steps })).rejects.toMatchObject({ code: 'HOST_FILE_FAILED' })
})
