import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { demandBootImages } from '../../../src/windows/media/boot-files.ts'

const bios = 'boot/etfsboot.com'
const uefi = 'efi/microsoft/boot/efisys_noprompt.bin'
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boot files '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

async function put(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), '')
  }
}

test('a medium that has both starts by both, whichever is demanded', async () => {
  await put(bios, uefi)
  for (const firmware of ['bios', 'uefi'] as const) {
    expect(await demandBootImages(folder, 'x64', 'a medium', firmware)).toEqual({ bios, uefi })
  }
})

test.each([
  ['x64', 'bios', [uefi], `Expected a medium to have ${bios}, which boots a medium of it by BIOS.`],
  ['x64', 'uefi', [bios], `Expected a medium to have ${uefi}, which boots a medium of it by UEFI.`],
  ['arm64', 'bios', [bios], `Expected a medium to have ${uefi}, which boots a medium of it by UEFI.`],
] as const)('for %s by %s, one with %j alone is not enough', async (architecture, firmware, has, message) => {
  await put(...has)
  const demanded = demandBootImages(folder, architecture, 'a medium', firmware)
  await expect(demanded).rejects.toMatchObject({ code: 'MEDIUM_UNUSABLE', message })
})

test('what only the other firmware needs may be missing', async () => {
  await put(uefi)
  expect(await demandBootImages(folder, 'x64', 'a medium', 'uefi')).toEqual({ bios: undefined, uefi })
})
