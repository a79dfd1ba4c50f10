import { OsrunError } from '../../protocol/errors.ts'
import type { Wanted, WindowsImage } from '../medium.ts'
import { dirCommand, infoCommand, type WimSource } from './command-lines.ts'
import { type Running, runProgram } from './program.ts'
import { chooseImage, isEdition, parseWimXml, type WimImage } from './wim-xml.ts'

/** What runs a program of the builder, without what it is for. */
export type Workshop = Pick<Running, 'folder' | 'signal'>

/** The images of a WIM or ESD, by its own XML. @throws OsrunError as `runProgram` */
export async function readImages(file: string, workshop: Workshop): Promise<WimImage[]> {
  return parseImages(file, await runProgram(infoCommand(file), { ...workshop, what: `reading ${file}` }))
}

/** @throws OsrunError MEDIUM_UNUSABLE where the XML is none */
export function parseImages(file: string, xml: Uint8Array): WimImage[] {
  try {
    return parseWimXml(xml)
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0]
    throw new OsrunError('MEDIUM_UNUSABLE', `Expected ${file} to say in XML which images it has, but: ${why}.`, {
      cause,
    })
  }
}

/** The image that is wanted. @throws OsrunError MEDIUM_UNUSABLE, which lists those that there are */
export function demandImage(medium: string, images: readonly WimImage[], wanted: Wanted): WindowsImage {
  const image = chooseImage(images, wanted)
  if (typeof image === 'string') {
    const { edition, language, architecture } = wanted
    throw new OsrunError(
      'MEDIUM_UNUSABLE',
      `Expected one image of ${edition}, ${language}, ${architecture} on ${medium}, which has ${image}. ` +
        'Ask for one of them, or give another medium.',
    )
  }
  return image
}

/** What `pe.cmd` cannot do without. */
const needed = ['bcdboot', 'cmd', 'diskpart', 'dism', 'reg', 'wpeutil'].map((name) => `/windows/system32/${name}.exe`)

/**
 * The image that can run `pe.cmd`, found by what it holds: Windows Setup's where there is one, which comes last.
 * @throws OsrunError MEDIUM_UNUSABLE, which says what each lacks
 */
export async function demandBootImage(
  source: WimSource,
  images: readonly WimImage[],
  workshop: Workshop,
): Promise<WimImage> {
  const lacks: string[] = []
  for (const image of images.filter((each) => !isEdition(each)).reverse()) {
    const what = `looking into image ${image.index} of ${source.file}`
    const listed = await runProgram(dirCommand(source.file, image.index), { ...workshop, what })
    const paths = new Set(listed.toString('utf8').toLowerCase().split('\n'))
    const missing = needed.filter((path) => !paths.has(path))
    if (missing.length === 0) {
      return image
    }
    lacks.push(`image ${image.index} "${image.name}" lacks ${missing.map((path) => path.split('/').at(-1)).join(', ')}`)
  }
  throw new OsrunError(
    'MEDIUM_UNUSABLE',
    `Expected a Windows PE that can install in ${source.file}: ${lacks.join('; ') || 'it has none'}.`,
  )
}
