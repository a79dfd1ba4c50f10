import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import { lock } from '../../snapshots/lock.ts'
import type { Medium, Product, WantedMedium } from '../medium.ts'
import { type CatalogueFile, parseCatalogue } from './catalogue-xml.ts'
import { download } from './download.ts'
import { shown } from './hosts.ts'
import { recognise } from './recognise.ts'
import { describeWanted, hasNone, type Sourcing } from './source.ts'

/** Microsoft's short links to the list that its Media Creation Tool reads. */
export const catalogueLinks: Partial<Record<Product, string>> = {
  win11: 'https://go.microsoft.com/fwlink?linkid=2156292',
  win10: 'https://go.microsoft.com/fwlink/?LinkId=841361',
}

/** The file of Microsoft's catalogue for what is wanted: one ESD that holds setup and editions. */
export async function fromCatalogue(wanted: WantedMedium, sourcing: Sourcing): Promise<Medium> {
  const link = catalogueLinks[wanted.product]
  if (link === undefined) {
    throw hasNone(`the catalogue has no ${wanted.product}, only ${Object.keys(catalogueLinks).join(' and ')}`)
  }
  const file = chooseFile(await readCatalogue(link, sourcing), wanted)
  const place = join(sourcing.folder, `catalogue-${file.digest.hex.slice(0, 16)}`)
  const {
    file: path,
    sha256,
    bytes,
  } = await download(
    {
      url: file.url,
      what: `Windows (${describeWanted(wanted)}) of Microsoft's catalogue`,
      folder: place,
      name: 'install.esd',
      notes: join(place, 'notes'),
      bytes: file.bytes,
      digest: file.digest,
    },
    sourcing,
  )
  const { kind } = await recognise(path)
  if (kind === 'uup') {
    throw new OsrunError('INTERNAL', `${path} is a folder.`)
  }
  return { kind, file: path, provenance: { source: 'catalogue', from: shown(file.url), sha256, bytes } }
}

/** Of the files for what is wanted, that of the newest build. */
export function chooseFile(files: readonly CatalogueFile[], wanted: WantedMedium): CatalogueFile {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()
  const narrow = (by: 'architecture' | 'language' | 'edition', from: readonly CatalogueFile[]) => {
    const fitting = from.filter((file) => same(file[by], wanted[by]))
    if (fitting.length === 0) {
      const there = [...new Set(from.map((file) => file[by]))].sort().slice(0, 50)
      throw hasNone(`the catalogue has no ${by} ${wanted[by]}; it has ${there.join(', ') || 'no files'}`)
    }
    return fitting
  }
  const fitting = narrow('edition', narrow('language', narrow('architecture', files)))
  return fitting.reduce((one, other) => (compareBuilds(other.name, one.name) > 0 ? other : one))
}

/** By the build that a file's name begins with: "26100.4349.250607-1500.ge_release...". */
function compareBuilds(one: string, other: string): number {
  const numbers = (name: string) => (/^(\d+)\.(\d+)/.exec(name) ?? []).slice(1).map(Number)
  const [[build = 0, revision = 0], [otherBuild = 0, otherRevision = 0]] = [numbers(one), numbers(other)]
  return build - otherBuild || revision - otherRevision
}

/** The list is some hundred kilobytes packed, some megabytes unpacked. */
const most = { packed: 16 * 2 ** 20, unpacked: 64 * 2 ** 20 }
const unpackDeadline = 60_000

async function readCatalogue(link: string, sourcing: Sourcing): Promise<CatalogueFile[]> {
  const { folder, onProgress, signal } = sourcing
  onProgress({ phase: "reading Microsoft's catalogue" })
  const parent = join(folder, 'catalogue')
  // It changes under the same address, so that each call has its own, one after the other.
  const unlock = await lock(join(parent, 'catalogue.lock'), signal)
  try {
    const cabinet = await download(
      { url: link, what: "Microsoft's catalogue", folder: parent, name: 'products.cab', notes: parent, trusted: true },
      { ...sourcing, onProgress: () => undefined },
    )
    try {
      if (cabinet.bytes > most.packed) {
        throw catalogueFailure(link, `it has ${cabinet.bytes} bytes, which is too much for a list`)
      }
      return parse(await unpack(cabinet.file, link, signal), link)
    } finally {
      await rm(cabinet.file, { force: true })
    }
  } finally {
    await unlock()
  }
}

/** The list in a cabinet. */
async function unpack(cabinet: string, link: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const result = await execa('cabextract', unpackArguments(cabinet), {
    reject: false,
    encoding: 'buffer',
    maxBuffer: most.unpacked,
    stdin: 'ignore',
    timeout: unpackDeadline,
    ...(signal && { cancelSignal: signal }),
  })
  if (result.code === 'ENOENT') {
    throw new OsrunError('HOST_INCOMPLETE', 'Expected `cabextract` on this host. Install the package cabextract.')
  }
  if (result.isCanceled) {
    throw new OsrunError('CANCELED', "Unpacking Microsoft's catalogue was canceled.")
  }
  if (result.failed) {
    const words = Buffer.from(result.stderr ?? []).toString('utf8')
    throw catalogueFailure(
      link,
      `cabextract could not unpack it: ${(words || (result.shortMessage ?? '')).trim().slice(0, 500)}`,
    )
  }
  const list = Buffer.from(result.stdout ?? [])
  if (list.length === 0) {
    throw catalogueFailure(link, 'it holds no products.xml')
  }
  return list
}

/** The command line of cabextract for the list alone, and that to its stdout: a cabinet may hold paths. */
export function unpackArguments(cabinet: string): string[] {
  return ['--quiet', '--pipe', '--filter', 'products.xml', cabinet]
}

function parse(document: Uint8Array, link: string): CatalogueFile[] {
  try {
    return parseCatalogue(document)
  } catch (cause) {
    throw isOsrunError(cause) ? cause : catalogueFailure(link, `its list is no XML: ${(cause as Error).message}`)
  }
}

function catalogueFailure(link: string, why: string): OsrunError {
  return new OsrunError('MEDIUM_UNAVAILABLE', `Microsoft's catalogue (${link}) cannot be read: ${why}`)
}
