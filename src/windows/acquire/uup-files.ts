import { OsrunError } from '../../protocol/errors.ts'
import type { Digest } from './file-digest.ts'

/** A file of a UUP set, as a server lists it. */
export interface UupFile {
  readonly name: string
  readonly url: string
  readonly digest: Digest | undefined
  readonly bytes: number | undefined
}

/** A file that may be downloaded. */
export interface CheckedUupFile extends UupFile {
  readonly digest: Digest
}

const most = { files: 5000, bytes: 64 * 2 ** 30 }
const harmless = /^[A-Za-z0-9][A-Za-z0-9 ._~+()[\]{}@,-]{0,199}$/

/**
 * The files of a list that a medium is made of, checked: a server may list anything.
 * @throws OsrunError MEDIUM_UNAVAILABLE
 */
export function checkFiles(listed: readonly UupFile[]): CheckedUupFile[] {
  if (listed.length > most.files) {
    throw bad(`it has ${listed.length} files, more than the ${most.files} that a set may have`)
  }
  const files = listed.filter(({ name }) => isNeeded(name)).map(checkFile)
  const names = new Set(files.map(({ name }) => name.toLowerCase()))
  if (names.size < files.length) {
    throw bad('it has a name twice')
  }
  if (!files.some(({ name }) => /\.esd$/i.test(name))) {
    throw bad(`it has no ESD file among ${listed.length} files`)
  }
  const bytes = sizeOf(files) ?? 0
  if (bytes > most.bytes) {
    throw bad(`it has ${bytes} bytes, more than any set of Windows`)
  }
  return files
}

/** Bytes of all, or undefined where the list does not say. */
export function sizeOf(files: readonly UupFile[]): number | undefined {
  const sizes = files.map(({ bytes }) => bytes)
  return sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined
}

/**
 * False for what no image of Windows is made of: apps of the store, updates, differences to earlier files. They make up
 * most of a set.
 */
export function isNeeded(name: string): boolean {
  return (
    !/\.(appx|msix)(bundle)?$|\.(psf|msu|xml|json|exe|txt)$/i.test(name) &&
    !/windows1\d\.0-kb|AggregatedMetadata|DesktopDeployment/i.test(name)
  )
}

function checkFile(file: UupFile): CheckedUupFile {
  const { name, url, digest, bytes } = file
  const shown = JSON.stringify(name.slice(0, 200))
  if (!harmless.test(name) || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)) {
    throw bad(`it names a file ${shown}, which is no name for a file`)
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw bad(`it has no address for ${shown}`)
  }
  if (digest === undefined) {
    throw bad(`it has no digest of ${shown}, so that nothing would vouch for the file`)
  }
  if (bytes !== undefined && (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > most.bytes)) {
    throw bad(`it gives ${shown} ${bytes} bytes`)
  }
  return { name, url, digest, bytes }
}

function bad(why: string): OsrunError {
  return new OsrunError('MEDIUM_UNAVAILABLE', `The list of files cannot be used: ${why}`)
}
