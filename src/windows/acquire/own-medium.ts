import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import * as v from 'valibot'
import { checkJson } from '../../protocol/check-json.ts'
import { OsrunError } from '../../protocol/errors.ts'
import type { Medium } from '../medium.ts'
import { type Downloading, download } from './download.ts'
import { type Digest, digestFile, readDigest } from './file-digest.ts'
import { shown } from './hosts.ts'
import { Meter } from './meter.ts'
import { type Recognised, recognise } from './recognise.ts'

/** A medium of the user's own. */
export interface OwnMedium {
  /** A path, or an address that begins with http:// or https://. */
  readonly from: string
  /** Of the file, hexadecimal. A folder has none. */
  readonly sha256?: string | undefined
}

/**
 * The medium that the user gave. A path is used where it lies; what an address leads to is downloaded once.
 * @param folder of the cache, for media
 * @throws OsrunError BAD_OPTION, MEDIUM_UNUSABLE, MEDIUM_DAMAGED, HOST_FILE_FAILED, and those of a download
 */
export async function ownMedium(own: OwnMedium, folder: string, context: Downloading): Promise<Medium> {
  const digest = own.sha256 === undefined ? undefined : readDigest('sha256', own.sha256)
  if (own.sha256 !== undefined && digest === undefined) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected the sha256 of the medium ${own.from} to be 64 hexadecimal digits, got ${JSON.stringify(own.sha256)}.`,
    )
  }
  if (/^https?:\/\//i.test(own.from)) {
    return fromAddress(own.from, digest, folder, context)
  }
  const path = resolve(own.from)
  const found = await recognise(path)
  if (found.kind === 'uup') {
    return fromFolder(found, digest, folder, context)
  }
  const { sha256 } = await digestOnce(path, folder, context)
  if (digest !== undefined && digest.hex !== sha256) {
    throw new OsrunError('MEDIUM_DAMAGED', `Expected ${path} to have the sha256 ${digest.hex}, it has ${sha256}.`)
  }
  const provenance = { source: 'own', from: path, sha256, bytes: found.bytes } as const
  return { kind: found.kind, file: found.file, provenance }
}

async function fromAddress(
  url: string,
  digest: Digest | undefined,
  folder: string,
  context: Downloading,
): Promise<Medium> {
  if (!URL.canParse(url)) {
    throw new OsrunError('BAD_OPTION', `Expected the medium to be a path or an address, got ${JSON.stringify(url)}.`)
  }
  const place = join(folder, `own-${shortHash(`${url} ${digest?.hex ?? ''}`)}`)
  const wanted = { url, what: shown(url), folder: place, name: 'medium', notes: join(place, 'notes'), digest }
  const { file, sha256, bytes } = await download(wanted, context)
  const found = await recognise(file).catch(async (error: OsrunError) => {
    await rm(place, { recursive: true, force: true })
    throw new OsrunError(error.code, error.message.replace(file, `what is at ${shown(url)}`), { cause: error })
  })
  if (found.kind === 'uup') {
    throw new OsrunError('INTERNAL', `${file} is a folder.`)
  }
  return { kind: found.kind, file, provenance: { source: 'own', from: shown(url), sha256, bytes } }
}

async function fromFolder(
  { folder: path, files }: Recognised & { kind: 'uup' },
  digest: Digest | undefined,
  folder: string,
  context: Downloading,
): Promise<Medium> {
  if (digest !== undefined) {
    throw new OsrunError('BAD_OPTION', `The option \`sha256\` goes with a file, and ${path} is a folder: leave it out.`)
  }
  const all: { name: string; sha256: string; bytes: number }[] = []
  for (const name of files) {
    all.push({ name, ...(await digestOnce(join(path, name), folder, context)) })
  }
  return { kind: 'uup', folder: path, provenance: { source: 'own', from: path, ...digestOfSet(all) } }
}

/** One digest for a set of files: of the list of their names and digests. */
export function digestOfSet(files: readonly { name: string; sha256: string; bytes: number }[]) {
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).sort()
  return {
    sha256: createHash('sha256').update(lines.join('')).digest('hex'),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

const known = v.object({ identity: v.string(), sha256: v.string(), bytes: v.number() })

/** Reads a file of some gigabytes once, and again only when it has changed. */
async function digestOnce(path: string, folder: string, { onProgress, signal }: Downloading) {
  const { size, mtimeMs, ino, dev } = await stat(path)
  const identity = `${path} ${size} ${mtimeMs} ${ino} ${dev}`
  const notes = join(folder, 'own-digests')
  const note = join(notes, `${shortHash(path)}.json`)
  const before = checkJson(known, await readFile(note, 'utf8').catch(() => ''))
  if (before?.identity === identity) {
    return before
  }
  const meter = new Meter(`reading ${basename(path)}`, onProgress)
  meter.expect(size)
  const made = await digestFile(path, { signal, onBytes: meter.move }).catch((cause: unknown) => {
    throw signal?.aborted ? new OsrunError('CANCELED', `Reading ${path} was canceled.`, { cause }) : cause
  })
  const now = { identity, sha256: made.sha256, bytes: made.bytes }
  await mkdir(notes, { recursive: true })
  await writeFile(`${note}.${process.pid}`, JSON.stringify(now))
  await rename(`${note}.${process.pid}`, note)
  return now
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
