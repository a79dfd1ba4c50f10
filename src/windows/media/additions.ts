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
}

/**
 * Looks through what goes onto a medium besides the scripts.
 * @throws OsrunError BAD_OPTION where a name is one that Windows PE may stumble over, HOST_FILE_FAILED
 */
export async function readAdditions({ agentExe, ...folders }: AdditionPaths): Promise<ReadAdditions> {
  const { files, digests } = await readFolders(folders)
  const agent = { path: 'init/osrun-agent.exe', source: agentExe }
  return { additions: { agent: agentExe, ...files }, digests: [...(await digestsOf([agent])), ...digests] }
}

/** The same of the user's own folders alone. @throws OsrunError as `readAdditions` */
export async function readFolders({ own, drivers }: Omit<AdditionPaths, 'agentExe'>) {
  const files = {
    own: own === undefined ? [] : await listFiles('media.ownSteps', own, false),
    drivers: drivers === undefined ? [] : await listFiles('media.drivers', drivers, true),
  }
  const digests = await digestsOf([
    ...files.own.map(({ name, source }) => ({ path: `own/${name}`, source })),
    ...files.drivers.map(({ name, source }) => ({ path: `drivers/${name}`, source })),
  ])
  return { files, digests }
}

async function digestsOf(files: readonly { readonly path: string; readonly source: string }[]) {
  const digests = []
  for (const { path, source } of files) {
    digests.push({ path, sha256: await onHost(source, () => sha256OfFile(source)) })
  }
  return digests
}

async function listFiles(field: string, folder: string, deep: boolean): Promise<{ name: string; source: string }[]> {
  const entries = await onHost(folder, () => readdir(folder, { withFileTypes: true, recursive: deep }))
  const files = entries
    .filter((entry) => entry.isFile() || (entry.isDirectory() && !deep))
    .map((entry) => ({ entry, source: join(entry.parentPath, entry.name) }))
    .map(({ entry, source }) => ({ folder: entry.isDirectory(), name: relative(folder, source), source }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const { folder: isFolder, name } of files) {
    if (isFolder || !name.split('/').every((part) => /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(part))) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected \`${field}\` to have ${deep ? '' : 'no folders, and '}files with names of ASCII letters, digits, ` +
          `" ", ".", "_" and "-", got ${JSON.stringify(name)} in ${folder}.`,
      )
    }
  }
  return files.map(({ name, source }) => ({ name, source }))
}

async function onHost<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new OsrunError('HOST_FILE_FAILED', `${path} could not be read: ${(cause as Error).message}`, { cause })
  }
}
