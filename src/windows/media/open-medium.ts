import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import type { Medium, Wanted, WindowsImage } from '../medium.ts'
import { bootFilesOfImage, bootFilesOfIso, bootFilesOfWindows } from './boot-files.ts'
import { exportCommand, extractCommand, type WimSource } from './command-lines.ts'
import { extractIso, openIso } from './iso.ts'
import { runProgram } from './program.ts'
import { openUupSet } from './uup.ts'
import { demandBootImage, demandImage, readImages, type Workshop } from './wim.ts'
import { isEdition, type WimImage } from './wim-xml.ts'

/** A Windows PE to boot: which image of which file, and whether it has to be compressed anew for a boot loader. */
export interface BootImage {
  readonly source: WimSource
  readonly index: number
  readonly fast: boolean
}

/** What is installed from: a medium that is one already, or files for a medium's folder `sources`. */
export type Exported = { readonly image: WindowsImage } & (
  | { readonly kind: 'medium'; readonly file: string }
  | { readonly kind: 'files'; readonly files: readonly { readonly file: string; readonly name: string }[] }
)

/** A Windows medium that was looked through, with the wanted edition found: what install media are made of. */
export interface OpenMedium {
  /** For a person. */
  readonly name: string
  putBootFiles(folder: string): Promise<void>
  bootImage(): Promise<BootImage>
  /** @param unpack also out of a medium that is one already */
  install(options: { unpack: boolean; onPercent: (percent: number) => void }): Promise<Exported>
}

type Looking = Workshop & { onPercent: (percent: number) => void }

/** Looks through a medium. @throws OsrunError MEDIUM_UNUSABLE where it lacks what is wanted */
export async function openMedium(medium: Medium, wanted: Wanted, looking: Looking): Promise<OpenMedium> {
  const { onPercent, ...workshop } = looking
  switch (medium.kind) {
    case 'iso':
      return openIsoMedium(medium.file, wanted, workshop)
    case 'uup': {
      const { source, images } = await openUupSet(medium.folder, wanted, looking)
      return openUup(medium.folder, source, images, wanted, workshop)
    }
    default:
      return openWim(
        { file: medium.file, kind: medium.kind },
        await readImages(medium.file, workshop),
        wanted,
        workshop,
      )
  }
}

async function openIsoMedium(file: string, wanted: Wanted, workshop: Workshop): Promise<OpenMedium> {
  const iso = await openIso(file, workshop)
  const image = demandImage(file, iso.images, wanted)
  return {
    name: file,
    putBootFiles: async (folder) => {
      await bootFilesOfIso(iso, folder, workshop)
    },
    bootImage: async () => {
      const [path = ''] = await extractIso(iso, (each) => each === 'sources/boot.wim', workshop.folder, workshop)
      const source = { file: join(workshop.folder, path), references: [] }
      const { index } = await demandBootImage(source, await readImages(source.file, workshop), workshop)
      return { source, index, fast: false }
    },
    install: async ({ unpack }) => {
      if (!unpack) {
        return { kind: 'medium', file, image }
      }
      const folder = join(workshop.folder, 'unpacked')
      const parts = await extractIso(iso, (path) => /^sources\/install\d*\.(wim|esd|swm)$/.test(path), folder, workshop)
      const files = parts.map((path) => ({
        file: join(folder, path),
        name: path.split('/').at(-1)?.toLowerCase() ?? '',
      }))
      return { kind: 'files', files, image }
    },
  }
}

/** A catalogue's ESD has a medium's files and Windows PE in images of their own; a bare WIM has editions only. */
function openWim(
  { file, kind }: { readonly file: string; readonly kind: 'esd' | 'wim' },
  images: readonly WimImage[],
  wanted: Wanted,
  workshop: Workshop,
): OpenMedium {
  const source = { file, references: [] }
  const image = demandImage(file, images, wanted)
  return {
    name: file,
    putBootFiles: (folder) => putBootFiles(source, images, image, folder, workshop),
    bootImage: async () =>
      images.every(isEdition)
        ? bootImageOfWindows(source, image, workshop)
        : { source, index: (await demandBootImage(source, images, workshop)).index, fast: true },
    install: async () => ({
      kind: 'files',
      files: [{ file, name: `install.${kind}` }],
      image,
    }),
  }
}

function openUup(
  folder: string,
  source: WimSource,
  images: readonly WimImage[],
  wanted: Wanted,
  workshop: Workshop,
): OpenMedium {
  const image = demandImage(folder, images, wanted)
  return {
    name: folder,
    putBootFiles: (to) => putBootFiles(source, images, image, to, workshop),
    bootImage: async () => ({ source, index: (await demandBootImage(source, images, workshop)).index, fast: true }),
    install: async ({ onPercent }) => {
      const file = join(workshop.folder, 'install.wim')
      const what = `exporting ${image.name}`
      await runProgram(exportCommand(source, image.index, file, { fast: true }), { ...workshop, onPercent, what })
      const exported = demandImage(file, await readImages(file, workshop), wanted)
      return { kind: 'files', files: [{ file, name: 'install.wim' }], image: exported }
    },
  }
}

async function putBootFiles(
  source: WimSource,
  images: readonly WimImage[],
  image: WindowsImage,
  folder: string,
  workshop: Workshop,
): Promise<void> {
  const [first] = images
  if (first !== undefined && !isEdition(first)) {
    await bootFilesOfImage(source, first.index, folder, workshop)
  }
  await bootFilesOfWindows(source, image, folder, workshop)
}

/** Every installed Windows has its recovery environment in it, which is a Windows PE. */
async function bootImageOfWindows(source: WimSource, image: WindowsImage, workshop: Workshop): Promise<BootImage> {
  const folder = join(workshop.folder, 'recovery')
  await mkdir(folder)
  const path = 'Windows/System32/Recovery/winre.wim'
  const what = `looking for ${path} in image ${image.index} of ${source.file}`
  await runProgram(extractCommand(source, image.index, [`/${path}`], folder), { ...workshop, what })
  // Windows writes it as Winre.wim.
  const [found = path] = (await readdir(folder, { recursive: true })).filter((name) => /\.wim$/i.test(name))
  const own = { file: join(folder, found), references: [] }
  const images = await readImages(own.file, workshop).catch((cause) => {
    throw new OsrunError(
      'MEDIUM_UNUSABLE',
      `Expected ${source.file} to have a Windows PE, or \\${path.replaceAll('/', '\\')} in image ${image.index}. ` +
        'Give the ISO that it comes from: it has what boots it.',
      { cause },
    )
  })
  return { source: own, index: (await demandBootImage(own, images, workshop)).index, fast: false }
}
