import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findGuest, type GuestFiles } from '../../src/guests/guest.ts'
import { installedGuest } from '../../src/guests/prepare.ts'
import { keyPartsOf, shapeOf } from '../../src/server/host-key.ts'
import { snapshotKey } from '../../src/snapshots/key.ts'
import { differences, findInstalled, type InstalledNote, makeCurrent, writeNote } from '../../src/windows/installed.ts'
import { chooseWindows } from '../../src/windows/settings.ts'

const note: InstalledNote = {
  ...{ edition: 'Professional', language: 'en-us', architecture: 'x64', profile: 'slim', build: '26100.1742' },
  ...{ firmware: 'bios', tpm: 'none', devices: 'inbox' },
  provenance: { source: 'own', from: '/isos/win 11.iso', sha256: 'ab'.repeat(32) },
  wishes: { user: 'tester', computer: 'DESK' },
}

let cache: string
let parent: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'installed '))
  parent = join(cache, 'guests', 'win11')
  await mkdir(parent, { recursive: true })
  onTestFinished(() => rm(cache, { recursive: true, force: true }))
})

async function put(name: string, what: InstalledNote = note): Promise<void> {
  await mkdir(join(parent, name))
  await writeFile(join(parent, name, 'disk.qcow2'), name)
  await writeFile(join(parent, name, 'guest.json'), `{"id":"${name}"}`)
  await writeNote(join(parent, name), what)
}

test('where nothing was installed there is nothing', async () => {
  expect(await findInstalled(parent)).toBeUndefined()
  expect(await installedGuest('win11', { cache })).toBeUndefined()
})

test('what was installed last is the one in use', async () => {
  await put('00112233445566aa')
  await makeCurrent(parent, '00112233445566aa')
  await put('ffeeddccbbaa9988', { ...note, edition: 'Education' })
  expect((await findInstalled(parent))?.files.id).toBe('00112233445566aa')
  await makeCurrent(parent, 'ffeeddccbbaa9988')
  expect(await findInstalled(parent)).toMatchObject({ note: { edition: 'Education' } })
  const disk = join(parent, 'ffeeddccbbaa9988', 'disk.qcow2')
  expect(await installedGuest('win11', { cache })).toEqual({ disk, id: 'ffeeddccbbaa9988' })
})

test('what was installed by UEFI brings its firmware, and what an older osrun noted was by BIOS', async () => {
  await put('00112233445566aa', { ...note, firmware: 'uefi' })
  await makeCurrent(parent, '00112233445566aa')
  const folder = join(parent, '00112233445566aa')
  expect(await installedGuest('win11', { cache })).toEqual({
    ...{ disk: join(folder, 'disk.qcow2'), id: '00112233445566aa' },
    ...{ firmware: join(folder, 'firmware.fd'), variables: join(folder, 'variables.fd') },
  })
  const { firmware: _, ...old } = note
  await writeNote(folder, old as InstalledNote)
  expect((await findInstalled(parent))?.note.firmware).toBe('bios')
})

test('what was installed with a TPM brings what that holds, and what an older osrun noted had none', async () => {
  await put('00112233445566aa', { ...note, tpm: '2.0' })
  await makeCurrent(parent, '00112233445566aa')
  const folder = join(parent, '00112233445566aa')
  expect(await installedGuest('win11', { cache })).toMatchObject({ tpm: join(folder, 'tpm.state') })
  const { tpm: _, ...old } = note
  await writeNote(folder, old as InstalledNote)
  expect((await findInstalled(parent))?.note.tpm).toBe('none')
})

test('what was seen to start on virtio says so, and what an older osrun noted has the devices that its kind has', async () => {
  await put('00112233445566aa', { ...note, devices: 'virtio' })
  await makeCurrent(parent, '00112233445566aa')
  const folder = join(parent, '00112233445566aa')
  const files = await installedGuest('win11', { cache })
  const equipment = { accelerator: 'tcg', qemuVersion: '10.0' } as const
  const shape = shapeOf(findGuest('win11'), files as GuestFiles, equipment)
  expect(shape).not.toHaveProperty('devices')
  const { devices: _, ...old } = note
  await writeNote(folder, old as InstalledNote)
  const before = await installedGuest('win11', { cache })
  expect(before).not.toHaveProperty('devices')
  const inbox = shapeOf(findGuest('win11'), before as GuestFiles, equipment)
  expect(inbox).toMatchObject({ devices: 'inbox' })
  const keys = await Promise.all([shape, inbox].map((each) => keyPartsOf(each, files as GuestFiles, equipment)))
  expect(new Set(keys.map(snapshotKey)).size).toBe(2)
})

test.each([
  ['that leads elsewhere', () => makeCurrent(parent, '../../elsewhere')],
  ['to nothing', () => makeCurrent(parent, '00112233445566aa')],
  [
    'to a note that is cut',
    async () => {
      await put('00112233445566aa')
      await writeFile(join(parent, '00112233445566aa', 'windows.json'), '{"edition":')
      await makeCurrent(parent, '00112233445566aa')
    },
  ],
])('a link %s is as none', async (_, make) => {
  await make()
  expect(await findInstalled(parent)).toBeUndefined()
})

test('a choice is compared with what is there, and what nobody chose is as it is', () => {
  const installed = { files: { disk: 'd', id: 'i' }, note }
  expect(differences(installed, {})).toEqual([])
  expect(differences(installed, { edition: 'Professional', language: 'en-us' })).toEqual([])
  expect(differences(installed, { edition: 'Education', profile: 'stock', firmware: 'uefi', tpm: '2.0' })).toEqual([
    'edition Education, and Professional is there',
    'profile stock, and slim is there',
    'firmware uefi, and bios is there',
    'tpm 2.0, and none is there',
  ])
  expect(differences(installed, { language: 'en-US', edition: 'professional', wishes: { user: 'Tester' } })).toEqual([])
  expect(differences(installed, { wishes: { user: 'tester', computer: 'LAP', timeZone: 'UTC' } })).toEqual([
    'computer LAP, and DESK is there',
    'timeZone UTC, and none that is known is there',
  ])
})

test('each guest has an edition of its own by default, and a language is written as Windows writes it', () => {
  expect(chooseWindows('win11')).toEqual({
    ...{ edition: 'Professional', language: 'en-us', architecture: 'x64', profile: 'slim', firmware: 'bios' },
    tpm: 'none',
  })
  expect(
    chooseWindows('server2025', { language: 'de-DE', profile: 'stock', firmware: 'uefi', tpm: true }),
  ).toMatchObject({
    ...{ edition: 'ServerStandard', language: 'de-de', profile: 'stock', firmware: 'uefi', tpm: '2.0' },
  })
})
