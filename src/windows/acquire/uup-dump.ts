import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { checkRoom } from '../../snapshots/room.ts'
import type { Medium, WantedMedium } from '../medium.ts'
import { type Downloaded, download } from './download.ts'
import { knownHosts } from './hosts.ts'
import { Meter } from './meter.ts'
import { digestOfSet, shortHash } from './own-medium.ts'
import { recognise } from './recognise.ts'
import type { Sourcing } from './source.ts'
import { type SetOfFiles, UupApi } from './uup-api.ts'
import { asUnavailable, type ChosenSet, chooseBuild } from './uup-build.ts'
import { type CheckedUupFile, sizeOf } from './uup-files.ts'

/** Downloads at the same time: the servers give each connection a share, and most files are small. */
const atOnce = 4

/** The set of files of the newest retail build that UUP dump knows; the files come from Microsoft's servers. */
export async function fromUupDump(wanted: WantedMedium, sourcing: Sourcing): Promise<Medium> {
  const api = new UupApi(sourcing)
  const chosen = await chooseBuild(wanted, api, sourcing)
  const { set } = chosen
  const place = join(sourcing.folder, `uup-${shortHash(`${set.id} ${set.language} ${set.edition}`)}`)
  const folder = join(place, 'UUPs')
  const downloaded = await downloadSet(chosen, { folder, notes: join(place, 'notes') }, api, sourcing)
  await removeOthers(folder, new Set(chosen.files.map(({ name }) => name)))
  await recognise(folder)
  const all = downloaded.map(({ sha256, bytes }, index) => ({ name: chosen.files[index]?.name ?? '', sha256, bytes }))
  const from = `https://${knownHosts.uupSite}/selectlang.php?id=${set.id} (${chosen.title})`
  return { kind: 'uup', folder, provenance: { source: 'uup-dump', from, ...digestOfSet(all) } }
}

async function downloadSet(
  { set, title, files }: ChosenSet,
  { folder, notes }: { folder: string; notes: string },
  api: UupApi,
  sourcing: Sourcing,
): Promise<Downloaded[]> {
  await mkdir(folder, { recursive: true })
  await mkdir(notes, { recursive: true })
  const total = sizeOf(files)
  if (total !== undefined) {
    const here = await Promise.all(files.map(({ name }) => sizeHere(join(folder, name), join(notes, `${name}.part`))))
    await checkRoom(folder, total - here.reduce((sum, size) => sum + size, 0), `Downloading ${title}`)
  }
  const meter = new Meter(`downloading ${title}, ${files.length} files`, sourcing.onProgress)
  if (total !== undefined) {
    meter.expect(total)
  }
  const links = new Links(files, set, api)
  return inParallel(files, atOnce, sourcing.signal, ({ name, digest, bytes }, signal) =>
    download(
      {
        url: links.of(name),
        what: `${name} of ${title}`,
        folder,
        name,
        notes,
        bytes,
        digest,
        renew: (url) => links.renew(name, url),
      },
      { ...sourcing, meter, signal },
    ),
  )
}

/** Addresses of a set's files, which are valid for some minutes only. */
class Links {
  readonly #set: SetOfFiles
  readonly #api: UupApi
  #files: ReadonlyMap<string, CheckedUupFile>
  #renewal: Promise<void> | undefined

  constructor(files: readonly CheckedUupFile[], set: SetOfFiles, api: UupApi) {
    this.#files = new Map(files.map((file) => [file.name, file]))
    this.#set = set
    this.#api = api
  }

  of(name: string): string {
    return this.#files.get(name)?.url ?? ''
  }

  /** Another address than `expired`; all files that wait for theirs are asked for at once. */
  async renew(name: string, expired: string): Promise<string> {
    if (this.of(name) === expired) {
      this.#renewal ??= this.#ask().finally(() => {
        this.#renewal = undefined
      })
      await this.#renewal
    }
    return this.of(name)
  }

  async #ask(): Promise<void> {
    const listed = await this.#api.files(this.#set).catch((error: unknown) => {
      throw asUnavailable(error)
    })
    const fresh = new Map(listed.map((file) => [file.name, file]))
    this.#files = new Map(
      [...this.#files].map(([name, file]) => {
        const { digest, url } = fresh.get(name) ?? {}
        if (digest?.hex !== file.digest.hex || url === undefined || !URL.canParse(url)) {
          throw new OsrunError('MEDIUM_UNAVAILABLE', `The links expired, and UUP dump's new list has another ${name}.`)
        }
        return [name, { ...file, url }]
      }),
    )
  }
}

/** Does the work for each, some at once. The first failure ends all, and is thrown when they have ended. */
async function inParallel<T, R>(
  items: readonly T[],
  most: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController()
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const results: R[] = []
  const rest = items.entries()
  let first: { error: unknown } | undefined
  const worker = async () => {
    for (const [index, item] of rest) {
      if (first !== undefined) {
        return
      }
      try {
        results[index] = await work(item, either)
      } catch (error) {
        first ??= { error }
        failed.abort()
      }
    }
  }
  await Promise.all(Array.from({ length: most }, worker))
  if (first !== undefined) {
    throw first.error
  }
  return results
}

async function sizeHere(...paths: string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.size ?? 0))
  return Math.max(...sizes)
}

/** What an earlier list had besides. */
async function removeOthers(folder: string, names: ReadonlySet<string>): Promise<void> {
  const others = (await readdir(folder)).filter((name) => !names.has(name))
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}
