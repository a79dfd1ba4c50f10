import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { OsrunError } from '../../protocol/errors.ts'
import { sameEdition } from '../edition.ts'
import { type Medium, products, type WantedMedium } from '../medium.ts'
import { download } from './download.ts'
import { shown } from './hosts.ts'
import { recognise } from './recognise.ts'
import { hasNone, type Sourcing } from './source.ts'

const entry = v.strictObject({
  product: v.picklist(products),
  /** For a person. */
  title: v.pipe(v.string(), v.nonEmpty()),
  /** What may be asked for of it; `Eval` at the end may be left out. */
  editions: v.pipe(v.array(v.string()), v.minLength(1)),
  language: v.pipe(v.string(), v.regex(/^[a-z]{2,3}(-[a-z0-9]+)+$/)),
  architecture: v.picklist(['x64', 'arm64']),
  url: v.pipe(v.string(), v.regex(/^https:\/\/[a-z0-9.-]+\.microsoft\.com\/[^?#]+$/)),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})
/** An ISO of Microsoft's at an address that stays for a while. */
export type PinnedIso = v.InferOutput<typeof entry>

/** The list that osrun comes with. @throws OsrunError INTERNAL where it is wrong */
export async function readPinned(path = join(import.meta.dirname, 'pinned.json')): Promise<PinnedIso[]> {
  const checked = v.safeParse(v.array(entry), JSON.parse(await readFile(path, 'utf8')))
  if (!checked.success) {
    const [issue] = checked.issues
    throw new OsrunError('INTERNAL', `${path} is wrong at ${v.getDotPath(issue)}: ${issue.message}`)
  }
  return checked.output
}

/** The ISO of the list for what is wanted. */
export async function fromPinned(
  wanted: WantedMedium,
  sourcing: Sourcing,
  list: () => Promise<readonly PinnedIso[]> = readPinned,
): Promise<Medium> {
  const pinned = choosePinned(await list(), wanted)
  const place = join(sourcing.folder, `pinned-${pinned.sha256.slice(0, 16)}`)
  const { file, sha256, bytes } = await download(
    {
      url: pinned.url,
      what: pinned.title,
      folder: place,
      name: 'windows.iso',
      notes: join(place, 'notes'),
      bytes: pinned.bytes,
      digest: { algorithm: 'sha256', hex: pinned.sha256 },
    },
    sourcing,
  )
  const { kind } = await recognise(file)
  if (kind === 'uup') {
    throw new OsrunError('INTERNAL', `${file} is a folder.`)
  }
  return { kind, file, provenance: { source: 'pinned', from: shown(pinned.url), sha256, bytes } }
}

/** The full edition goes before its evaluation where the list has both. */
export function choosePinned(list: readonly PinnedIso[], wanted: WantedMedium): PinnedIso {
  const fitting = list.filter(
    ({ product, language, architecture, editions }) =>
      product === wanted.product &&
      language === wanted.language.toLowerCase() &&
      architecture === wanted.architecture &&
      editions.some((edition) => sameEdition(edition, wanted.edition)),
  )
  const exact = fitting.find(({ editions }) => editions.includes(wanted.edition))
  const chosen = exact ?? fitting[0]
  if (chosen === undefined) {
    const there = list
      .filter(({ product }) => product === wanted.product)
      .map(({ editions, language, architecture }) => `${editions.join('/')} ${language} ${architecture}`)
    throw hasNone(`osrun's list of ISOs has none for it; of ${wanted.product} it has ${there.join(', ') || 'nothing'}`)
  }
  return chosen
}
