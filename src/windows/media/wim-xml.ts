import sax from 'sax'
import { sameEdition, sameName, withDesktop } from '../edition.ts'
import type { Architecture, Wanted, WindowsImage } from '../medium.ts'

/** What the XML of a WIM says of one of its images; whatever it does not say is empty. */
export interface WimImage {
  /** From 1. */
  readonly index: number
  readonly name: string
  /** EDITIONID: the edition; `WindowsPE` for an image that is there to install from. */
  readonly edition: string
  /** FLAGS: as the edition, and with `Core` at its end for a server without a desktop. */
  readonly flags: string
  /** INSTALLATIONTYPE: `Client`, `Server`, `Server Core`, `WindowsPE`. */
  readonly type: string
  readonly language: string
  readonly architecture: Architecture | undefined
  readonly build: string
}

const architectures: Record<string, Architecture> = { 9: 'x64', 12: 'arm64' }

/**
 * The images that a WIM's XML lists.
 * @param bytes UTF-16LE with a mark, as the file has it
 * @throws Error where it is no XML
 */
export function parseWimXml(bytes: Uint8Array): WimImage[] {
  const images: WimImage[] = []
  const path: string[] = []
  let index = 0
  let texts = new Map<string, string>()
  const parser = sax.parser(true)
  parser.onerror = (error) => {
    throw error
  }
  parser.onopentag = ({ name, attributes }) => {
    path.push(name)
    if (path.join('/') === 'WIM/IMAGE') {
      index = Number(attributes['INDEX'])
      texts = new Map()
    }
  }
  parser.ontext = (text) => {
    const field = path.slice(2).join('/')
    texts.set(field, `${texts.get(field) ?? ''}${text}`.slice(0, 1000))
  }
  parser.onclosetag = () => {
    if (path.join('/') === 'WIM/IMAGE') {
      images.push(toImage(index, texts))
    }
    path.pop()
  }
  parser.write(new TextDecoder('utf-16le').decode(bytes)).close()
  return images.sort((one, other) => one.index - other.index)
}

function toImage(index: number, texts: ReadonlyMap<string, string>): WimImage {
  const text = (field: string) => texts.get(field)?.trim() ?? ''
  return {
    index,
    name: text('NAME'),
    edition: text('WINDOWS/EDITIONID'),
    flags: text('FLAGS'),
    type: text('WINDOWS/INSTALLATIONTYPE'),
    language: text('WINDOWS/LANGUAGES/DEFAULT') || text('WINDOWS/LANGUAGES/LANGUAGE'),
    architecture: architectures[text('WINDOWS/ARCH')],
    build: [text('WINDOWS/VERSION/BUILD'), text('WINDOWS/VERSION/SPBUILD')].filter((part) => part !== '').join('.'),
  }
}

/** True for an image that can be installed, not one that is there to install from. */
export function isEdition({ edition, type }: WimImage): boolean {
  return edition !== '' && edition !== 'WindowsPE' && type !== 'WindowsPE'
}

/**
 * The one image that is wanted. A server's edition has two, with a desktop and without: `ServerStandard` is the one
 * with, `ServerStandardCore` the one without. An evaluation's is taken for the edition, where that is not there itself.
 * @returns the image, or for a person what there is in its place
 */
export function chooseImage(images: readonly WimImage[], wanted: Wanted): WindowsImage | string {
  const editions = images.filter(isEdition)
  const fitting = editions.filter(
    ({ language, architecture }) => sameName(language, wanted.language) && architecture === wanted.architecture,
  )
  const exact = ofEdition(fitting, wanted.edition, sameName)
  const found = exact.length > 0 ? exact : ofEdition(fitting, wanted.edition, sameEdition)
  const [image] = found
  if (image?.architecture !== undefined && found.length === 1) {
    const { edition, language, architecture, index, name, build } = image
    return { edition, language, architecture, index, name, build }
  }
  const listed = (found.length > 1 ? found : editions).map(describeImage)
  return listed.length === 0 ? 'no edition of Windows' : listed.join('; ')
}

type Same = (one: string, other: string) => boolean

/** By FLAGS, where they tell the images apart, else by EDITIONID and whether there is a desktop. */
function ofEdition(images: readonly WimImage[], wanted: string, same: Same): WimImage[] {
  const flagged = images.filter(({ flags }) => same(flags, wanted))
  if (flagged.length === 1) {
    return flagged
  }
  const full = withDesktop(wanted)
  return images.filter(
    ({ edition, type }) => same(edition, full ?? wanted) && sameName(type, 'Server Core') === (full !== undefined),
  )
}

function describeImage({ edition, flags, language, architecture, name }: WimImage): string {
  const also = flags !== '' && flags !== edition ? ` (${flags})` : ''
  return `${edition}${also} ${language} ${architecture ?? 'of another architecture'} "${name}"`
}
