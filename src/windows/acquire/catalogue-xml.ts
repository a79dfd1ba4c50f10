import sax from 'sax'
import { type Digest, readDigest } from './file-digest.ts'

/** A file that the catalogue offers. */
export interface CatalogueFile {
  readonly name: string
  readonly language: string
  readonly edition: string
  readonly architecture: string
  readonly bytes: number
  readonly digest: Digest
  readonly url: string
}

const fields = ['FileName', 'LanguageCode', 'Edition', 'Architecture', 'Size', 'Sha1', 'Sha256', 'FilePath'] as const
type Fields = Partial<Record<(typeof fields)[number], string>>

/** A field is an address at the longest. */
const longestField = 4096

/**
 * The files of `products.xml`: all `File` elements, wherever they stand, that have what a download needs. Others are
 * passed over: one that is wrong is no reason to do without the rest.
 * @throws Error where it is no XML
 */
export function parseCatalogue(document: Uint8Array): CatalogueFile[] {
  const files: CatalogueFile[] = []
  const parser = sax.parser(true)
  let file: Fields | undefined
  let depth = 0
  let field: keyof Fields | undefined
  parser.onerror = (error) => {
    throw error
  }
  parser.onopentag = ({ name }) => {
    depth += 1
    if (name === 'File') {
      file = {}
      depth = 0
    } else if (file !== undefined) {
      field = depth === 1 ? fields.find((known) => known === name) : undefined
    }
  }
  const take = (text: string) => {
    if (file !== undefined && field !== undefined) {
      file[field] = `${file[field] ?? ''}${text}`.slice(0, longestField)
    }
  }
  parser.ontext = take
  parser.oncdata = take
  parser.onclosetag = (name) => {
    depth -= 1
    field = undefined
    if (name === 'File' && file !== undefined) {
      const complete = toFile(file)
      files.push(...(complete === undefined ? [] : [complete]))
      file = undefined
    }
  }
  parser.write(decode(document)).close()
  return files
}

function decode(document: Uint8Array): string {
  const utf16 = document[0] === 0xff && document[1] === 0xfe
  return new TextDecoder(utf16 ? 'utf-16le' : 'utf-8').decode(document)
}

function toFile(raw: Fields): CatalogueFile | undefined {
  const bytes = /^\d+$/.test(raw.Size?.trim() ?? '') ? Number(raw.Size) : Number.NaN
  const digest = readDigest('sha256', raw.Sha256) ?? readDigest('sha1', raw.Sha1)
  const url = raw.FilePath?.trim() ?? ''
  const web = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  if (!Number.isSafeInteger(bytes) || bytes === 0 || digest === undefined || !web) {
    return undefined
  }
  const text = (name: 'FileName' | 'LanguageCode' | 'Edition' | 'Architecture') => raw[name]?.trim() ?? ''
  return {
    name: text('FileName'),
    language: text('LanguageCode'),
    edition: text('Edition'),
    architecture: text('Architecture'),
    bytes,
    digest,
    url,
  }
}
