import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { askFile, isAbsence, openFileStream, readAnswer } from './file-request.ts'
import { receiveFile, sendFile } from './file-transfer.ts'
import type { Streams } from './streams.ts'

const entryTypes = ['file', 'folder', 'link'] as const
/** `link`: a symbolic link, a junction, or anything else that Windows reads by a detour. */
export type EntryType = (typeof entryTypes)[number]

/** What a folder of the guest holds. */
export interface DirEntry {
  readonly name: string
  readonly type: EntryType
  /** Bytes; 0 for what is no file. */
  readonly size: number
  readonly modified: Date
}

/** What the guest says about a file or folder. */
export interface FileStat {
  readonly type: EntryType
  /** Bytes; 0 for what is no file. */
  readonly size: number
  readonly modified: Date
  readonly created: Date
  readonly readonly: boolean
}

const time = v.pipe(
  v.number(),
  v.transform((milliseconds) => new Date(milliseconds)),
)
const entry = v.object({ name: v.string(), type: v.picklist(entryTypes), size: v.number(), modified: time })
const statDone = v.object({
  type: v.picklist(entryTypes),
  size: v.number(),
  modified: time,
  created: time,
  readonly: v.boolean(),
})

export async function readGuestFile(streams: Streams, path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  await receiveFile(streams, checkPath(path), (piece) => {
    pieces.push(piece)
  })
  return new Uint8Array(Buffer.concat(pieces))
}

export async function writeGuestFile(streams: Streams, path: string, data: string | Uint8Array): Promise<void> {
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected the data of ${path} to be a string or a Uint8Array, got ${typeof data}`,
    )
  }
  await sendFile(streams, checkPath(path), [typeof data === 'string' ? new TextEncoder().encode(data) : data])
}

/** The entries of a folder by name; with `recursive` those of all below it, named by their path from it. */
export async function listGuestFolder(streams: Streams, path: string, recursive: boolean): Promise<DirEntry[]> {
  await streams.ready()
  const entries: DirEntry[] = []
  const decoder = new TextDecoder()
  let rest = ''
  const { done } = openFileStream(streams, { op: 'list', path: checkPath(path), recursive }, (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      entries.push(readAnswer(entry, JSON.parse(line)))
    }
  })
  await done
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function statGuestFile(streams: Streams, path: string): Promise<FileStat> {
  return readAnswer(statDone, await askFile(streams, { op: 'stat', path: checkPath(path) }))
}

export async function guestFileExists(streams: Streams, path: string): Promise<boolean> {
  try {
    await statGuestFile(streams, path)
    return true
  } catch (error) {
    if (isAbsence(error)) {
      return false
    }
    throw error
  }
}

export async function makeGuestFolder(streams: Streams, path: string): Promise<void> {
  await askFile(streams, { op: 'make', path: checkPath(path) })
}

export async function removeGuestFile(streams: Streams, path: string): Promise<void> {
  await askFile(streams, { op: 'remove', path: checkPath(path) })
}

/** @throws OsrunError BAD_OPTION */
export function checkPath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new OsrunError('BAD_OPTION', `Expected a path in the guest, got ${JSON.stringify(path)?.slice(0, 200)}`)
  }
  return path
}
