import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { sha256OfFile } from '../../snapshots/digest.ts'
import type { Additions } from '../install/files.ts'

/** Files of this host that go onto a boot medium, and what each holds. */
export interface ReadAdditions {
  readonly additions: Additions
  /** For the key: path on the medium without its top, and SHA-256 in hexadecimal. */
  readonly digests: readonly { readonly path: string; readonly sha256: string }[]
}

/** Where they are on this host. */
export interface AdditionPaths {
  /** The compiled agent. */
  readonly agentExe: string
  /** A folder with scripts `*.ps1` of the user's own, and what they need; no folders in it. */
  readonly own?: string | undefined
  /** A folder with drivers: `*.inf` and what belongs to them, in folders or not. */
  readonly drivers?: string | undefined
  /** Drivers of virtio, which go beside those. */
  readonly virtio?: readonly HostFile[] | undefined
}

/** A file of this host: its path on the medium, relative to where its kind lies, and where this host has it. */
export interface HostFile {
  readonly name: string
  readonly source: string
}

/**
 * Looks through what goes onto a medium besides the scripts.
 * @throws OsrunError BAD_OPTION where a name is one that Windows PE may stumble over, HOST_FILE_FAILED
 */
export async function readAdditions({ agentExe, ...folders }: AdditionPaths): Promise<ReadAdditions> {
  const { files, digests } = await readFolders(folders)
  const agent = [{ name: 'osrun-agent.exe', source: agentExe }]
  const { own, drivers, virtio } = digests
  return {
    additions: { agent: agentExe, own: files.own, drivers: [...files.drivers, ...files.virtio] },
    digests: [...(await digestsOf('init', agent)), ...own, ...drivers, ...virtio],
  }
}

/** The same of the user's own folders alone. @throws OsrunError as `readAdditions` */
export async function readFolders({ own, drivers, virtio = [] }: Omit<AdditionPaths, 'agentExe'>) {
  const files = {
    own: own === undefined ? [] : await listFiles('media.ownSteps', own, false),
    drivers: drivers === undefined ? [] : await listFiles('media.drivers', drivers, true),
    virtio: virtio.map(({ name, source }) => ({ name: `${virtioFolder}/${name}`, source })),
  }
  if (virtio.length > 0 && files.drivers.some(({ name }) => name.toLowerCase().startsWith(`${virtioFolder}/`))) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected \`media.drivers\` to have no folder "${virtioFolder}" beside \`media.virtioDrivers\`, whose drivers ` +
        `lie in it on the medium, got one in ${drivers}.`,
    )
  }
  const digests = {
    own: await digestsOf('own', files.own),
    drivers: await digestsOf('drivers', files.drivers),
    virtio: await digestsOf('drivers', files.virtio),
  }
  return { files, digests }
}

const virtioFolder = 'virtio-win'

async function digestsOf(folder: string, files: readonly HostFile[]) {
  const digests = []
  for (const { name, source } of files) {
    digests.push({ path: `${folder}/${name}`, sha256: await onHost(source, () => sha256OfFile(source)) })
  }
  return digests
}

async function listFiles(field: string, folder: string, deep: boolean): Promise<HostFile[]> {
  const entries = await onHost(folder, () => readdir(folder, { withFileTypes: true, recursive: deep }))
  const files = entries
    .filter((entry) => entry.isFile() || (entry.isDirectory() && !deep))
    .map((entry) => ({ entry, source: join(entry.parentPath, entry.name) }))
    .map(({ entry, source }) => ({ folder: entry.isDirectory(), name: relative(folder, source), source }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const { folder: isFolder, name } of files) {
    demandPlainName(field, folder, name, !deep, isFolder)
  }
  return files.map(({ name, source }) => ({ name, source }))
}

/** @throws OsrunError BAD_OPTION where Windows PE may stumble over the path, or where it is a folder's and none may be */
export function demandPlainName(field: string, folder: string, path: string, flat = false, isFolder = false): void {
  if (isFolder || !path.split('/').every((part) => /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(part))) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected \`${field}\` to have ${flat ? 'no folders, and ' : ''}files with names of ASCII letters, digits, ` +
        `" ", ".", "_" and "-", got ${JSON.stringify(path)} in ${folder}.`,
    )
  }
}

/** @throws OsrunError HOST_FILE_FAILED where a path of this host cannot be read */
export async function onHost<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new OsrunError('HOST_FILE_FAILED', `${path} could not be read: ${(cause as Error).message}`, { cause })
  }
}
