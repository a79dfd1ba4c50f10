// Media with the structure of Windows' own, made of small files by the programs that make and read the real ones.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { Medium } from '../../../src/windows/medium.ts'
import { bootSector } from './boot-sector.ts'
import { cabinet } from './cabinet.ts'

export type Tree = Readonly<Record<string, string | Uint8Array>>

const programs = ['wimlib-imagex', 'cabextract', 'genisoimage', 'isoinfo', '7zz'] as const
const missing = await Promise.all(
  programs.map(async (name) => ((await execa('which', [name], { reject: false })).failed ? [name] : [])),
)
/** Programs that the builder or these tests need, and that are not here. */
export const missingPrograms = missing.flat()

export const biosText = 'the boot code runs'

const system = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`Windows/System32/${name}`, `stands in for ${name}`]))
const peTree = {
  ...system(['bcdboot.exe', 'cmd.exe', 'Dism.exe', 'diskpart.exe', 'reg.exe', 'wpeutil.exe', 'startnet.cmd']),
  'Windows/System32/winpeshl.ini': '[LaunchApp]\r\nAppPath=X:\\setup.exe\r\n',
}

/** What boots a medium. */
export const bootTree: Tree = {
  'boot/etfsboot.com': bootSector(biosText),
  'boot/bcd': 'bcd of bios',
  'boot/boot.sdi': 'sdi',
  'boot/bootfix.bin': 'press any key',
  'efi/boot/bootx64.efi': 'boot manager',
  'efi/microsoft/boot/BCD': 'bcd of uefi',
  'efi/microsoft/boot/efisys.bin': 'waits for a key',
  'efi/microsoft/boot/efisys_noprompt.bin': Buffer.alloc(2048, 'fat'),
  bootmgr: 'boot manager of bios',
  'bootmgr.efi': 'boot manager of uefi',
}

const setupTree: Tree = { ...bootTree, 'setup.exe': 'setup', 'sources/setup.exe': 'setup' }
const isoTree: Tree = { ...setupTree, 'boot/fonts/wgl4_boot.ttf': 'font' }

const features = { 'Windows/System32/feature.dll': 'a file that only the reference has\n'.repeat(500) }
const optional = { 'Windows/System32/optional.dll': 'a file that only a cabinet has\n'.repeat(500) }

export const editionTree: Tree = {
  ...features,
  ...optional,
  'Windows/System32/ntoskrnl.exe': 'kernel',
  'Windows/Boot/Fonts/wgl4_boot.ttf': 'font',
}

/** What a Windows has that was installed: all that a medium of it needs. */
const installedTree: Tree = {
  ...editionTree,
  'Windows/Boot/PCAT/bootmgr': 'boot manager of bios',
  'Windows/Boot/EFI/bootmgr.efi': 'boot manager of uefi',
  'Windows/Boot/EFI/bootmgfw.efi': 'boot manager',
  'Windows/Boot/DVD/PCAT/BCD': 'bcd of bios',
  'Windows/Boot/DVD/PCAT/boot.sdi': 'sdi',
  'Windows/Boot/DVD/PCAT/etfsboot.com': bootSector(biosText),
  'Windows/Boot/DVD/EFI/BCD': 'bcd of uefi',
  'Windows/Boot/DVD/EFI/en-US/efisys_noprompt.bin': Buffer.alloc(2048, 'fat'),
}

/** What a WIM's XML says of an image. */
export interface Properties {
  readonly name?: string
  readonly edition: string
  readonly language?: string
  readonly flags?: string
  readonly type?: string
  readonly arch?: number
}

export async function putTree(folder: string, tree: Tree): Promise<string> {
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

export async function wimlib(...words: readonly string[]): Promise<string> {
  return (await execa('wimlib-imagex', words)).stdout
}

/** Adds an image to a WIM or ESD, which is made where it is missing. */
export async function addImage(
  wim: string,
  tree: Tree,
  properties: Properties | undefined,
  options: readonly string[] = [],
): Promise<void> {
  const folder = await putTree(`${wim}.tree`, tree)
  const solid = wim.endsWith('.esd') ? ['--solid'] : []
  const name = properties?.name ?? properties?.edition ?? 'files'
  await wimlib('append', folder, wim, name, '--create', '--no-acls', ...solid, ...options)
  await rm(folder, { recursive: true })
  if (properties !== undefined) {
    const { edition, language = 'en-US', arch = 9, flags, type } = properties
    const values = {
      'WINDOWS/ARCH': String(arch),
      'WINDOWS/EDITIONID': edition,
      'WINDOWS/LANGUAGES/LANGUAGE': language,
      'WINDOWS/LANGUAGES/DEFAULT': language,
      'WINDOWS/VERSION/BUILD': '26100',
      'WINDOWS/VERSION/SPBUILD': '1742',
      ...(flags === undefined ? {} : { FLAGS: flags }),
      ...(type === undefined ? {} : { 'WINDOWS/INSTALLATIONTYPE': type }),
    }
    const index = (await wimlib('info', wim)).match(/^Index:/gm)?.length ?? 1
    const words = Object.entries(values).flatMap(([key, value]) => ['--image-property', `${key}=${value}`])
    await wimlib('info', wim, String(index), ...words)
  }
}

const pe: Properties = { name: 'Microsoft Windows PE', edition: 'WindowsPE', type: 'WindowsPE' }
export const pro: Properties = { name: 'Windows 11 Pro', edition: 'Professional', type: 'Client' }

/** A UUP set: metadata that only refers to most files of the edition, an ESD and a cabinet that have them, and more. */
export async function makeUupSet(folder: string, properties: Properties = pro): Promise<Medium> {
  await mkdir(folder, { recursive: true })
  const [reference, cabs, metadata] = ['client-features.esd', 'cabs.wim', 'professional_en-us.esd'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await addImage(reference, features, undefined)
  await addImage(cabs, optional, undefined)
  await addImage(metadata, setupTree, undefined)
  await addImage(metadata, peTree, { ...pe, name: 'Windows Recovery Environment' })
  await addImage(metadata, editionTree, properties, [`--delta-from=${reference}`, `--delta-from=${cabs}`])
  await rm(cabs)
  await writeFile(
    join(folder, 'Microsoft-Windows-Optional.cab'),
    cabinet({ 'amd64/optional.dll': Object.values(optional)[0] ?? '' }),
  )
  await writeFile(join(folder, 'Windows11.0-KB5043080.cab'), 'an update, no cabinet that can be unpacked')
  await writeFile(join(folder, 'App.msixbundle'), 'no part of an image')
  return { ...provenance, kind: 'uup', folder }
}

/** A catalogue's ESD: a medium's files, Windows PE, Windows Setup, editions. */
export async function makeEsd(
  file: string,
  editions: readonly Properties[] = [{ ...pro, name: 'Windows 11 Home', edition: 'Core' }, pro],
): Promise<Medium> {
  await addImage(file, setupTree, undefined)
  await addImage(file, { 'Windows/System32/cmd.exe': 'a PE that cannot install' }, pe)
  await addImage(file, peTree, { ...pe, name: 'Microsoft Windows Setup (x64)' })
  for (const edition of editions) {
    await addImage(file, editionTree, edition)
  }
  return { ...provenance, kind: 'esd', file }
}

/** An ISO as a user has it, with boot.wim and the install image under this name. */
export async function makeIso(file: string, name: string, tree: Tree = isoTree, pes: Tree = peTree): Promise<Medium> {
  const folder = await putTree(`${file}.folder`, tree)
  await mkdir(join(folder, 'sources'), { recursive: true })
  await addImage(join(folder, 'sources/boot.wim'), peTree, pe)
  await addImage(join(folder, 'sources/boot.wim'), pes, { ...pe, name: 'Microsoft Windows Setup' })
  const install = join(folder, 'sources', name)
  await addImage(install, editionTree, { ...pro, name: 'Windows 11 Home', edition: 'Core' })
  await addImage(install, editionTree, pro)
  if (name.endsWith('.swm')) {
    await wimlib('split', install, `${install}.parts.swm`, '100')
  }
  await execa('genisoimage', [
    '-quiet',
    '-o',
    file,
    '-udf',
    '-iso-level',
    '4',
    '-J',
    '-joliet-long',
    '-allow-limited-size',
    folder,
  ])
  await rm(folder, { recursive: true })
  return { ...provenance, kind: 'iso', file }
}

/** A WIM of an installed Windows, as Microsoft's own tools capture it. */
export async function makeBareWim(file: string, recovery: Tree | undefined = peTree): Promise<Medium> {
  const winre = `${file}.winre`
  if (recovery !== undefined) {
    await addImage(winre, recovery, pe)
  }
  const own = recovery === undefined ? {} : { 'Windows/System32/Recovery/Winre.wim': await readFile(winre) }
  await addImage(file, { ...installedTree, ...own }, pro)
  return { ...provenance, kind: 'wim', file }
}

const provenance = {
  provenance: { source: 'own', from: '/somewhere', sha256: 'ab'.repeat(32), bytes: 1_000_000 },
} as const
