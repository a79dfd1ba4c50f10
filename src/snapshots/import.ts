import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { type GuestDigests, guestFileKinds, guestFileNames } from '../guests/guest-id.ts'
import { asDiskFull } from '../machines/disk-full.ts'
import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import {
  type Description,
  descriptionName,
  digestsName,
  guestFolder,
  longestText,
  parseDescription,
  parseDigests,
} from './archive.ts'
import { storeFolder } from './cache.ts'
import { chainProblems } from './disk-chain.ts'
import { writeKeyParts } from './key.ts'
import { filesOf, withDigests } from './manifest.ts'
import { checkRoom } from './room.ts'
import { writeSparse } from './sparse-file.ts'
import { Store, type Template } from './store.ts'

/** Where the guest's files of an archive go. */
export interface GuestDraft {
  readonly folder: string
  /** Puts the guest into its place. @param digests of its files */
  publish(digests: GuestDigests): Promise<void>
  discard(): Promise<void>
}

/** What `importSnapshot` works with. */
export interface Importing {
  readonly cache: string
  readonly archive: Readable
  /** What to call the archive in errors. */
  readonly from: string
  /** The snapshot's new name; its own by default. */
  readonly name?: string | undefined
  readonly replace: boolean
  /**
   * Judges whether this host can use the snapshot. @returns where the archive's guest is to go, or undefined where the
   * guest is here already. @throws OsrunError SNAPSHOT_UNUSABLE
   */
  readonly admit: (description: Description) => Promise<GuestDraft | undefined>
  readonly signal?: AbortSignal | undefined
}

interface Entry extends AsyncIterable<Uint8Array> {
  readonly header: Header
}

/**
 * Takes a snapshot out of an archive into the store, whole or not at all. Everything that the archive says is checked
 * before anything is written: names, sizes, whether this host can use it, and whether there is room.
 * @throws OsrunError SNAPSHOT_DAMAGED, SNAPSHOT_UNUSABLE, SNAPSHOT_EXISTS, DISK_FULL, HOST_FILE_FAILED, CANCELED
 */
export async function importSnapshot(task: Importing): Promise<Template> {
  const tar = extract()
  const decompress = createZstdDecompress({ chunkSize: 2 ** 20 })
  let reading: unknown
  task.archive.once('error', (error) => {
    reading = error
  })
  const feeding = pipeline(task.archive, decompress, tar, task.signal === undefined ? {} : { signal: task.signal })
  feeding.catch(() => {})
  try {
    const entries = tar[Symbol.asyncIterator]() as AsyncIterator<Entry, undefined>
    const template = await take(task, entries)
    await feeding
    return template
  } catch (error) {
    throw explain(error, reading, task)
  } finally {
    tar.destroy()
    await feeding.catch(() => {})
  }
}

function explain(error: unknown, reading: unknown, { from, cache, signal }: Importing): unknown {
  if (isOsrunError(error)) {
    return error
  }
  if (signal?.aborted) {
    return new OsrunError('CANCELED', `Importing ${from} was canceled.`, { cause: error })
  }
  if (reading !== undefined) {
    const why = reading instanceof Error ? reading.message : String(reading)
    return new OsrunError('HOST_FILE_FAILED', `${from} cannot be read: ${why}`, { cause: reading })
  }
  const full = asDiskFull(error, cache)
  const why = error instanceof Error ? error.message : String(error)
  return isOsrunError(full) ? full : broken(from, why, error)
}

async function take(task: Importing, entries: AsyncIterator<Entry, undefined>): Promise<Template> {
  const { from, cache } = task
  const text = await readText(task, await next(task, entries), descriptionName)
  const description = parseDescription(text)
  if (typeof description === 'string') {
    throw broken(from, `its description is not as expected: ${description}`)
  }
  const { manifest, room } = description
  const store = new Store(storeFolder(cache, manifest.guest, manifest.key))
  const name = task.name ?? manifest.name
  if (!task.replace && (await store.names()).includes(name)) {
    throw new OsrunError(
      'SNAPSHOT_EXISTS',
      `A snapshot "${name}" exists already. Give it another --name, or --replace.`,
    )
  }
  const guest = await task.admit(description)
  try {
    await mkdir(store.folder, { recursive: true })
    await checkRoom(store.folder, room, `Importing ${from}`)
    const draft = await store.draft()
    try {
      const digests = new Map([[descriptionName, createHash('sha256').update(text).digest('hex')]])
      await takeFiles(task, entries, description, { snapshot: draft.folder, guest: guest?.folder }, digests)
      const [problem] = await chainProblems(draft.folder, manifest)
      if (problem !== undefined) {
        throw broken(from, problem)
      }
      await guest?.publish(guestDigests(digests))
      await writeKeyParts(store.folder, description.parts)
      const id = randomBytes(8).toString('hex')
      return await draft.publish(withDigests({ ...manifest, name, id }, digests), task.replace)
    } finally {
      await draft.discard()
    }
  } finally {
    await guest?.discard()
  }
}

/** Takes the files in, wherever each belongs, and compares them with the digests at the end. */
async function takeFiles(
  task: Importing,
  entries: AsyncIterator<Entry, undefined>,
  { manifest, guestFiles }: Description,
  folders: { readonly snapshot: string; readonly guest: string | undefined },
  digests: Map<string, string>,
): Promise<void> {
  const kinds = guestFileKinds.filter((kind) => guestFiles?.[kind] !== undefined)
  const expected: { name: string; size: number; path: string | undefined }[] = [
    ...kinds.map((kind) => ({
      name: guestFolder + guestFileNames[kind],
      size: guestFiles?.[kind] ?? 0,
      path: folders.guest && join(folders.guest, guestFileNames[kind]),
    })),
    ...filesOf(manifest).map(({ name, size }) => ({ name, size, path: join(folders.snapshot, name) })),
  ]
  for (const { name, size, path } of expected) {
    const entry = await next(task, entries)
    checkHeader(task, entry.header, name, size)
    digests.set(name, path === undefined ? await digestOf(entry) : await writeSparse(path, entry))
  }
  const sums = parseDigests(await readText(task, await next(task, entries), digestsName))
  const changed = [...digests].find(([name, sha256]) => sums.get(name) !== sha256)
  if (changed !== undefined) {
    throw broken(task.from, `${changed[0]} has other bytes than when it was exported`)
  }
  const more = await entries.next()
  if (!more.done) {
    throw broken(task.from, `an entry "${more.value.header.name.slice(0, 100)}" was not expected`)
  }
}

async function next({ from }: Importing, entries: AsyncIterator<Entry, undefined>): Promise<Entry> {
  const { value, done } = await entries.next()
  if (done || value === undefined) {
    throw broken(from, 'it ends too early')
  }
  return value
}

// A name that is not the one expected goes nowhere, so no path of the archive's is ever followed.
function checkHeader({ from }: Importing, header: Header, name: string, size: number): void {
  if (header.name !== name || header.type !== 'file' || header.size !== size) {
    const got = `${header.type} "${header.name.slice(0, 100)}" of ${header.size} bytes`
    throw broken(from, `expected the file "${name}" of ${size} bytes, got the ${got}`)
  }
}

async function readText(task: Importing, entry: Entry, name: string): Promise<string> {
  checkHeader(task, entry.header, name, Math.min(entry.header.size, longestText))
  const chunks: Uint8Array[] = []
  for await (const chunk of entry) {
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function digestOf(entry: Entry): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of entry) {
    hash.update(chunk)
  }
  return hash.digest('hex')
}

function guestDigests(digests: ReadonlyMap<string, string>): GuestDigests {
  const found = guestFileKinds.flatMap((kind) => {
    const digest = digests.get(guestFolder + guestFileNames[kind])
    return digest === undefined ? [] : [[kind, digest] as const]
  })
  return { disk: '', ...Object.fromEntries(found) }
}

function broken(from: string, why: string, cause?: unknown): OsrunError {
  return new OsrunError(
    'SNAPSHOT_DAMAGED',
    `${from} is no whole exported snapshot: ${why}. Nothing was imported; export the snapshot again.`,
    { cause },
  )
}
