import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { type Pack, pack } from 'tar-stream'
import type { GuestFiles } from '../guests/guest.ts'
import { guestFileKinds, guestFileNames } from '../guests/guest-id.ts'
import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import { type Description, descriptionName, digestsName, formatDigests, guestFolder } from './archive.ts'
import type { KeyParts } from './key.ts'
import { filesOf } from './manifest.ts'
import type { Template } from './store.ts'

/** What `exportSnapshot` writes. */
export interface Exporting {
  readonly template: Template
  readonly parts: KeyParts
  /** The recipe that makes the guest, if known. */
  readonly recipe?: string | undefined
  /** The guest's own files, to go along. */
  readonly guest?: GuestFiles | undefined
  readonly to: Writable
  readonly signal?: AbortSignal | undefined
}

interface Source {
  readonly name: string
  readonly handle: FileHandle
  readonly size: number
  readonly bytesOnDisk: number
  readonly sha256?: string | undefined
}

const piece = 2 ** 20

/**
 * Writes a snapshot as one archive, reading and writing a few MiB at a time.
 * @throws OsrunError SNAPSHOT_DAMAGED where a file is not what it was when it was sealed
 */
export async function exportSnapshot(task: Exporting): Promise<void> {
  const { template, guest } = task
  const sources: Source[] = []
  try {
    if (guest !== undefined) {
      for (const kind of guestFileKinds) {
        const path = guest[kind]
        if (path !== undefined) {
          sources.push(await openSource(`${guestFolder}${guestFileNames[kind]}`, path))
        }
      }
    }
    // All at once: what is removed meanwhile can be read on.
    for (const { name, sha256 } of filesOf(template.manifest)) {
      sources.push(await openSource(name, join(template.folder, name), sha256))
    }
    await write(task, sources)
  } finally {
    await Promise.all(sources.map(({ handle }) => handle.close()))
  }
}

async function openSource(name: string, path: string, sha256?: string): Promise<Source> {
  const handle = await open(path, 'r')
  const { size, blocks } = await handle.stat()
  return { name, handle, size, bytesOnDisk: blocks * 512, sha256 }
}

async function write(task: Exporting, sources: readonly Source[]): Promise<void> {
  const { template, parts, recipe, guest, to, signal } = task
  const { manifest } = template
  const sizeOf = (kind: keyof typeof guestFileNames) =>
    sources.find(({ name }) => name === guestFolder + guestFileNames[kind])?.size
  const description: Description = {
    ...{ archive: 1, parts, manifest, room: sources.reduce((sum, { bytesOnDisk }) => sum + bytesOnDisk, 0) },
    ...(recipe === undefined ? {} : { recipe }),
    ...(guest === undefined
      ? {}
      : {
          guestFiles: {
            ...{ disk: sizeOf('disk') ?? 0, kernel: sizeOf('kernel'), initrd: sizeOf('initrd') },
            ...{ firmware: sizeOf('firmware'), variables: sizeOf('variables'), tpm: sizeOf('tpm') },
          },
        }),
  }
  const tar = pack()
  const mtime = new Date(manifest.createdAt)
  const compress = createZstdCompress({ chunkSize: piece, params: { [constants.ZSTD_c_checksumFlag]: 1 } })
  const written = pipeline(tar, compress, to, signal === undefined ? {} : { signal })
  const packAll = async () => {
    const text = `${JSON.stringify(description, undefined, 2)}\n`
    const digests = new Map([[descriptionName, createHash('sha256').update(text).digest('hex')]])
    tar.entry({ name: descriptionName, mtime }, text)
    for (const source of sources) {
      digests.set(source.name, await writeFile(tar, source, mtime, signal))
    }
    tar.entry({ name: digestsName, mtime }, formatDigests(digests))
    tar.finalize()
  }
  const packed = packAll().catch((error) => {
    tar.destroy(error)
    throw error
  })
  // Either ends the other. Packing knows more only of what it found out itself.
  const [end, found] = await Promise.allSettled([written, packed])
  if (found.status === 'rejected' && (isOsrunError(found.reason) || end.status === 'fulfilled')) {
    throw found.reason
  }
  if (end.status === 'rejected') {
    throw end.reason
  }
}

async function writeFile(tar: Pack, source: Source, mtime: Date, signal?: AbortSignal): Promise<string> {
  const { name, handle, size } = source
  const hash = createHash('sha256')
  const entry = tar.entry({ name, size, mtime, mode: 0o444 })
  const bytes = handle.createReadStream({ start: 0, highWaterMark: piece, autoClose: false })
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(bytes, hashed, entry, signal === undefined ? {} : { signal })
  const sha256 = hash.digest('hex')
  if (source.sha256 !== undefined && source.sha256 !== sha256) {
    throw new OsrunError(
      'SNAPSHOT_DAMAGED',
      `${name} has other bytes than when it was sealed. Export another snapshot.`,
    )
  }
  return sha256
}
