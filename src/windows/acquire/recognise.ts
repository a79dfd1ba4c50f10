import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { parseWimHeader, type WimHeader } from './wim-header.ts'

/** What a path holds, by its content. */
export type Recognised =
  | { readonly kind: 'iso'; readonly file: string; readonly bytes: number }
  | { readonly kind: 'esd' | 'wim'; readonly file: string; readonly bytes: number; readonly images: number }
  | { readonly kind: 'uup'; readonly folder: string; readonly files: readonly string[] }

/**
 * What a user gave as medium: an ISO, a WIM, an ESD or a folder with a UUP set. Names decide nothing.
 * @throws OsrunError MEDIUM_UNUSABLE, which says what came instead; HOST_FILE_FAILED
 */
export async function recognise(path: string): Promise<Recognised> {
  const found = await onHost(path, () => stat(path))
  if (found.isDirectory()) {
    return recogniseFolder(path)
  }
  if (!found.isFile()) {
    throw unusable(path, 'it is neither a file nor a folder')
  }
  const head = await onHost(path, () => readHead(path, headSize))
  const wim = parseWimHeader(head)
  if (wim !== undefined) {
    return { kind: kindOf(path, wim, found.size), file: path, bytes: found.size, images: wim.images }
  }
  if (isIso(head)) {
    checkIsoSize(path, head, found.size)
    return { kind: 'iso', file: path, bytes: found.size }
  }
  throw unusable(path, `it is ${describeContent(head)}`)
}

const sector = 2048
/** The descriptors of a volume begin at sector 16; the last that matters, that of UDF, comes within a few more. */
const headSize = 32 * sector

function kindOf(path: string, { parts, part, images, least, solid }: WimHeader, size: number): 'esd' | 'wim' {
  if (parts > 1) {
    throw unusable(
      path,
      `it is part ${part} of a WIM that was split into ${parts}: join them with \`wimlib-imagex join\``,
    )
  }
  if (images === 0) {
    throw unusable(path, 'it is a WIM without an image')
  }
  if (size < least) {
    throw unusable(path, `it is a WIM that was cut: it has ${size} bytes, and its head speaks of at least ${least}`)
  }
  return solid ? 'esd' : 'wim'
}

/** ISO 9660, UDF, or both, as Windows' own media have it. */
function isIso(head: Buffer): boolean {
  return descriptors(head).some(({ id }) => id === 'CD001' || /^NSR0[23]$/.test(id))
}

function descriptors(head: Buffer): { type: number; id: string; at: number }[] {
  const count = Math.max(0, Math.floor(head.length / sector) - 16)
  return Array.from({ length: count }, (_, index) => {
    const at = (16 + index) * sector
    return { at, type: head[at] ?? 0, id: head.toString('latin1', at + 1, at + 6) }
  })
}

function checkIsoSize(path: string, head: Buffer, size: number): void {
  const primary = descriptors(head).find(({ id, type }) => id === 'CD001' && type === 1)
  const least = primary === undefined ? 0 : head.readUInt32LE(primary.at + 80) * sector
  if (size < least) {
    throw unusable(path, `it is an ISO that was cut: it has ${size} bytes, and its volume ${least}`)
  }
}

/** The metadata of a UUP set is an ESD with the setup's files, WinRE and the edition, at least. */
const leastMetadataImages = 3
const mostFiles = 10_000

async function recogniseFolder(folder: string): Promise<Recognised> {
  const entries = await onHost(folder, () => readdir(folder, { withFileTypes: true }))
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
  if (files.length > mostFiles) {
    throw unusable(folder, `it is a folder with ${files.length} files, more than any UUP set has`)
  }
  const wims: { name: string; images: number }[] = []
  for (const name of files) {
    const path = join(folder, name)
    const header = parseWimHeader(await onHost(path, () => readHead(path, 512)))
    if (header !== undefined) {
      kindOf(path, { ...header, images: Math.max(1, header.images) }, (await stat(path)).size)
      wims.push({ name, images: header.images })
    }
  }
  if (wims.some(({ images }) => images >= leastMetadataImages)) {
    return { kind: 'uup', folder, files }
  }
  throw unusable(folder, `it is a folder ${await describeFolder(folder, wims, files)}`)
}

async function describeFolder(
  folder: string,
  wims: readonly { name: string; images: number }[],
  files: readonly string[],
): Promise<string> {
  for (const name of ['install.wim', 'install.esd']) {
    const inside = join(folder, 'sources', name)
    if (await stat(inside).catch(() => undefined)) {
      return `with the content of an ISO: give ${inside}, or the ISO itself`
    }
  }
  const [first] = wims
  if (first !== undefined) {
    const most = wims.reduce((one, other) => (other.images > one.images ? other : one), first)
    return (
      `with ${wims.length} WIM or ESD files, none of which has the ${leastMetadataImages} images of a UUP set's ` +
      `metadata (${most.name} has ${most.images})`
    )
  }
  for (const name of files) {
    const path = join(folder, name)
    if (isIso(await onHost(path, () => readHead(path, headSize)))) {
      return `with an ISO: give ${path}`
    }
  }
  return files.length === 0 ? 'without files' : `with ${files.length} files, and no ESD among them`
}

/** What a file seems to be, for a person. */
export function describeContent(head: Uint8Array): string {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.length === 0) {
    return 'an empty file'
  }
  const start = bytes.toString('latin1', 0, 16)
  const known = signatures.find(([signature]) => start.startsWith(signature))
  if (known !== undefined) {
    return known[1]
  }
  const text = bytes
    .toString('utf8', 0, 512)
    .replace(/^\uFEFF/, '')
    .trimStart()
  if (/^<!doctype html|^<html/i.test(text)) {
    return 'a web page: the address leads to a page about the medium, not to the medium'
  }
  if (/^<\?xml/i.test(text)) {
    return 'an XML file'
  }
  if (/^[\t\n\r -~]+$/.test(text)) {
    return `a text that begins with ${JSON.stringify(text.slice(0, 40))}`
  }
  return `of a kind that is not known here: it begins with the bytes ${bytes.toString('hex', 0, 16)}`
}

const signatures: readonly (readonly [string, string])[] = [
  ['WLPWM\0\0\0', 'a pipable WIM: write it anew with `wimlib-imagex export`, without --pipable'],
  ['PK', 'a zip archive: give what it holds'],
  ["7z\xbc\xaf'\x1c", 'a 7z archive: give what it holds'],
  ['Rar!', 'a RAR archive: give what it holds'],
  ['\x1f\x8b', 'compressed with gzip: give what it holds'],
  ['\xfd7zXZ\0', 'compressed with xz: give what it holds'],
  ['(\xb5/\xfd', 'compressed with zstd: give what it holds'],
  ['MSCF', 'a cabinet: a UUP set is a folder of them with its ESD files'],
  ['QFI\xfb', "a qcow2 disk: osrun installs from Windows' own media"],
  ['vhdxfile', "a VHDX disk: osrun installs from Windows' own media"],
  ['conectix', "a VHD disk: osrun installs from Windows' own media"],
  ['KDMV', "a VMDK disk: osrun installs from Windows' own media"],
  ['MZ', 'a program for Windows: the Media Creation Tool, perhaps, which makes an ISO when it is run there'],
]

async function readHead(path: string, length: number): Promise<Buffer> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function onHost<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new OsrunError(
      'HOST_FILE_FAILED',
      `The Windows medium ${path} could not be read: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

function unusable(path: string, what: string): OsrunError {
  return new OsrunError(
    'MEDIUM_UNUSABLE',
    `Expected ${path} to be an ISO, an ESD, a WIM, or a folder with a UUP set of Windows, but ${what}.`,
  )
}
