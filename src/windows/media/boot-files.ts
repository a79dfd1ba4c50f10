import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import type { Architecture } from '../medium.ts'
import { type BootImages, bootImagePaths, extractCommand, type WimSource } from './command-lines.ts'
import { extractIso, type WindowsIso } from './iso.ts'
import { runProgram } from './program.ts'
import type { Workshop } from './wim.ts'

/** What boots a medium of Windows besides `boot.wim`. */
const tops = ['boot', 'bootmgr', 'bootmgr.efi', 'efi'] as const
/** A BIOS that finds it asks for a key and waits. */
const unwanted = ['boot/bootfix.bin']

/** Copies a medium's own boot files into `to`, all in small letters. @returns whether there were any */
export async function bootFilesOfIso(iso: WindowsIso, to: string, workshop: Workshop): Promise<boolean> {
  const own = (path: string) => tops.some((top) => path === top || path.startsWith(`${top}/`))
  const copied = await extractIso(iso, own, to, workshop)
  await smallLetters(to)
  return copied.length > 0
}

/** The same out of the image that has a medium's files, the first one of an ESD. */
export async function bootFilesOfImage(
  source: WimSource,
  index: number,
  to: string,
  workshop: Workshop,
): Promise<boolean> {
  const what = `copying boot files from ${source.file}`
  const paths = tops.map((top) => `/${top}`)
  await runProgram(extractCommand(source, index, paths, to), { ...workshop, what })
  await smallLetters(to)
  return (await readdir(to)).length > 0
}

/** Every installed Windows has what a medium needs, under other names. */
const ofWindows = (architecture: Architecture): readonly (readonly [from: string, to: string])[] => [
  ['pcat/bootmgr', 'bootmgr'],
  ['efi/bootmgr.efi', 'bootmgr.efi'],
  ['efi/bootmgfw.efi', `efi/boot/boot${architecture === 'arm64' ? 'aa64' : 'x64'}.efi`],
  ['dvd/pcat/bcd', 'boot/bcd'],
  ['dvd/pcat/boot.sdi', 'boot/boot.sdi'],
  ['dvd/efi/boot.sdi', 'boot/boot.sdi'],
  ['dvd/pcat/etfsboot.com', 'boot/etfsboot.com'],
  ['dvd/efi/bcd', 'efi/microsoft/boot/bcd'],
  ['dvd/efi/en-us/efisys_noprompt.bin', 'efi/microsoft/boot/efisys_noprompt.bin'],
  ['fonts', 'boot/fonts'],
  ['fonts', 'efi/microsoft/boot/fonts'],
]

/**
 * Adds what is missing in `to` out of `\Windows\Boot` of an edition: all, where there is a bare WIM only, or the fonts,
 * which newer media lack.
 */
export async function bootFilesOfWindows(
  source: WimSource,
  { index, architecture }: { readonly index: number; readonly architecture: Architecture },
  to: string,
  workshop: Workshop,
): Promise<void> {
  const unpacked = join(workshop.folder, 'windows-boot')
  await mkdir(unpacked)
  const what = `copying boot files from image ${index} of ${source.file}`
  await runProgram(extractCommand(source, index, ['/Windows/Boot'], unpacked), { ...workshop, what })
  await smallLetters(unpacked)
  for (const [from, name] of ofWindows(architecture)) {
    const own = join(unpacked, 'windows/boot', from)
    if (existsSync(own)) {
      await mkdir(dirname(join(to, name)), { recursive: true })
      await cp(own, join(to, name), { recursive: true, force: false })
    }
  }
  await rm(unpacked, { recursive: true, force: true })
}

/**
 * What boots in a folder of boot files, for that architecture: by `firmware` in any case.
 * @throws OsrunError MEDIUM_UNUSABLE where what it cannot do without is not there
 */
export async function demandBootImages(
  folder: string,
  architecture: Architecture,
  medium: string,
  firmware: 'bios' | 'uefi' = 'bios',
): Promise<BootImages> {
  for (const name of unwanted) {
    await rm(join(folder, name), { force: true })
  }
  const entries = await readdir(folder, { recursive: true })
  const paths: BootImages = bootImagePaths(architecture)
  const there = (path: string | undefined) => (path !== undefined && entries.includes(path) ? path : undefined)
  const [bios, uefi] = [there(paths.bios), there(paths.uefi)]
  const byBios = firmware === 'bios' && paths.bios !== undefined
  if ((byBios ? bios : uefi) === undefined) {
    const path = byBios ? paths.bios : paths.uefi
    throw new OsrunError(
      'MEDIUM_UNUSABLE',
      `Expected ${medium} to have ${path}, which boots a medium of it by ${byBios ? 'BIOS' : 'UEFI'}.`,
    )
  }
  return { bios, uefi }
}

async function smallLetters(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const small = join(folder, entry.name.toLowerCase())
    if (small !== join(folder, entry.name)) {
      await rename(join(folder, entry.name), small)
    }
    if (entry.isDirectory()) {
      await smallLetters(small)
    }
  }
}
