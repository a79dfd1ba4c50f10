import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkOptions } from '../../protocol/check-options.ts'
import { OsrunError, toOsrunError } from '../../protocol/errors.ts'
import type { Progress } from '../../protocol/messages.ts'
import type { Medium, WantedMedium } from '../medium.ts'
import { fromCatalogue } from './catalogue.ts'
import { type Hosts, readHosts } from './hosts.ts'
import { type OwnMedium, ownMedium, shortHash } from './own-medium.ts'
import { fromPinned } from './pinned.ts'
import { recall, remember } from './remembered.ts'
import { type AskSource, describeWanted, type Pace, type Source, sources } from './source.ts'
import { fromUupDump } from './uup-dump.ts'
import { type Patience, Web } from './web.ts'

/** How a medium is to be had. */
export interface AcquireOptions {
  /** Where media lie, and what has come of them so far; kept between calls. Made where it is missing. */
  readonly folder: string
  /** The user's own medium; no source is asked then. */
  readonly medium?: OwnMedium
  /** Which sources are asked, in this order. Default: `catalogue`, `pinned`, `uup-dump`. */
  readonly sources?: readonly Source[]
  /**
   * Hosts to be replaced, with the address that is asked in place of each: `{ 'go.microsoft.com':
   * 'https://mirror.example/microsoft' }`. They win over those of `OSRUN_MEDIA_HOSTS`.
   */
  readonly hosts?: Readonly<Record<string, string>>
  /** Looks for a newer build although one was acquired before. Default false. */
  readonly refresh?: boolean
  /** Default that of this process: `OSRUN_MEDIA_HOSTS`, `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Default: a minute without a byte is a stall; the first retry comes after a second. */
  readonly patience?: Patience
  /** Default: what UUP dump allows, 10 s between different requests and 1 s between equal ones. */
  readonly pace?: Pace
}

const checked = v.object({
  folder: v.pipe(v.string('a folder'), v.nonEmpty('a folder')),
  sources: v.optional(
    v.pipe(
      v.array(v.picklist(sources, `one of ${sources.join(', ')}`), `a list of ${sources.join(', ')}`),
      v.minLength(1, `a list with at least one of ${sources.join(', ')}`),
    ),
  ),
  medium: v.optional(
    v.strictObject({
      from: v.pipe(v.string('a path or an address'), v.nonEmpty('a path or an address')),
      sha256: v.optional(v.string('64 hexadecimal digits')),
    }),
  ),
  hosts: v.optional(v.record(v.string(), v.string('an address'), 'an object of addresses by host')),
})

const asked: Record<Source, AskSource> = { catalogue: fromCatalogue, pinned: fromPinned, 'uup-dump': fromUupDump }

/** Another source would meet the same, or ought not to hide it. */
const final: ReadonlySet<string> = new Set(['CANCELED', 'DISK_FULL', 'HOST_FILE_FAILED', 'MEDIUM_DAMAGED', 'INTERNAL'])

/**
 * Brings a medium of Windows to this host, complete and checked: the user's own, or that of the first source that has
 * it. What was acquired once is found again without asking anybody.
 * @throws OsrunError MEDIUM_UNAVAILABLE when all sources have failed, with a line for each and what to do;
 *   MEDIUM_UNUSABLE, MEDIUM_DAMAGED, DOWNLOAD_FAILED, DISK_FULL, HOST_FILE_FAILED, BAD_OPTION, CANCELED
 */
export async function acquire(wanted: WantedMedium, options: AcquireOptions): Promise<Medium> {
  checkOptions(checked, options, 'the options of acquire')
  const { folder, medium, environment = process.env, onProgress = () => undefined, signal } = options
  const { patience = { stall: 60_000, retry: 1000 }, pace = { another: 10_000, same: 1000 } } = options
  const hosts: Hosts = readHosts(options.hosts, environment['OSRUN_MEDIA_HOSTS'])
  await makeFolder(folder)
  const web = new Web(hosts, environment, patience)
  const sourcing = { folder, web, onProgress, pace, ...(signal && { signal }) }
  try {
    if (medium !== undefined) {
      return await ownMedium(medium, folder, sourcing)
    }
    const order = options.sources ?? sources
    const note = join(folder, 'acquired', `${shortHash(JSON.stringify([describeWanted(wanted), order]))}.json`)
    const before = options.refresh ? undefined : await recall(note)
    if (before !== undefined) {
      return before
    }
    const found = await askInOrder(wanted, order, (source) => asked[source](wanted, sourcing))
    await remember(note, found)
    return found
  } finally {
    await web.close()
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new OsrunError('HOST_FILE_FAILED', `${folder} could not be made: ${(cause as Error).message}`, { cause })
  }
}

async function askInOrder(
  wanted: WantedMedium,
  order: readonly Source[],
  ask: (source: Source) => Promise<Medium>,
): Promise<Medium> {
  const failures: { source: Source; error: OsrunError }[] = []
  for (const source of order) {
    try {
      return await ask(source)
    } catch (cause) {
      const error = toOsrunError(cause)
      if (final.has(error.code)) {
        throw error
      }
      failures.push({ source, error })
    }
  }
  throw new OsrunError(
    'MEDIUM_UNAVAILABLE',
    [
      `No source gave a medium for ${describeWanted(wanted)}:`,
      ...failures.map(({ source, error }) => `  ${source}: ${error.message}`),
      'Give an ISO, ESD, WIM or UUP set of your own, as a path or an address: see docs/windows-media.md. What has been ' +
        'downloaded is kept, and the next run goes on from there.',
    ].join('\n'),
    { cause: new AggregateError(failures.map(({ error }) => error)) },
  )
}
