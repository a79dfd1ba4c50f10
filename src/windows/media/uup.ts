import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import type { Wanted } from '../medium.ts'
import { cabextractCommand, captureCommand, type WimSource } from './command-lines.ts'
import { runProgram } from './program.ts'
import { readImages, type Workshop } from './wim.ts'
import { chooseImage, isEdition, type WimImage } from './wim-xml.ts'

/** What a UUP set comes down to: the ESD that names all files of an edition, and those that have their contents. */
export interface UupSet {
  readonly source: WimSource
  readonly images: readonly WimImage[]
}

/** Setup media, Windows PE, the edition. */
const metadataImages = 3
/** Updates and tools of Windows Update: nothing in them is a file of the image. */
const passedOver = /windows1\d\.0-kb|aggregatedmetadata|desktopdeployment/i

/**
 * Looks through a UUP set, and puts the contents of its cabinets into a WIM that the metadata can refer to.
 * @throws OsrunError MEDIUM_UNUSABLE where no metadata has the edition, with those that there are
 */
export async function openUupSet(
  folder: string,
  wanted: Wanted,
  workshop: Workshop & { onPercent: (percent: number) => void },
): Promise<UupSet> {
  const names = (await readdir(folder)).sort()
  const esds = names.filter((name) => /\.esd$/i.test(name)).map((name) => join(folder, name))
  const sets: { file: string; images: WimImage[] }[] = []
  for (const file of esds) {
    const images = await readImages(file, workshop)
    if (images.length >= metadataImages) {
      sets.push({ file, images })
    }
  }
  const found = sets.find(({ images }) => typeof chooseImage(images, wanted) !== 'string')
  if (found === undefined) {
    const editions = sets.flatMap(({ images }) => images.filter(isEdition))
    const listed = editions.map((each) => `${each.edition} ${each.language} ${each.architecture}`).join('; ')
    throw new OsrunError(
      'MEDIUM_UNUSABLE',
      `Expected ${wanted.edition}, ${wanted.language}, ${wanted.architecture} in the UUP set ${folder}, ` +
        `which has ${listed === '' ? 'no metadata of an edition' : listed}.`,
    )
  }
  const others = esds.filter((file) => !sets.some((set) => set.file === file))
  const cabs = names.filter((name) => /\.cab$/i.test(name) && !passedOver.test(name))
  const captured = cabs.length === 0 ? [] : [await captureCabs(folder, cabs, workshop)]
  return { source: { file: found.file, references: [...others, ...captured] }, images: found.images }
}

async function captureCabs(
  folder: string,
  cabs: readonly string[],
  { onPercent, ...workshop }: Workshop & { onPercent: (percent: number) => void },
): Promise<string> {
  const unpacked = join(workshop.folder, 'cabinets')
  const to = join(workshop.folder, 'cabinets.wim')
  for (const [index, name] of cabs.entries()) {
    onPercent((100 * index) / cabs.length)
    const own = join(unpacked, String(index))
    await mkdir(own, { recursive: true })
    await runProgram(cabextractCommand(join(folder, name), own), { ...workshop, what: `unpacking ${name}` })
  }
  await runProgram(captureCommand(unpacked, to), { ...workshop, what: 'gathering what the cabinets have' })
  await rm(unpacked, { recursive: true, force: true })
  return to
}
