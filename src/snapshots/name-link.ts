import { randomBytes } from 'node:crypto'
import { readdir, readlink, rename, symlink, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

// A snapshot's name is a symbolic link to the folder of its files: one rename replaces what the name means, and there is
// no moment at which it means nothing.

const filesName = /^(\.files-[0-9a-f]{12})(\.lock)?$/
const linkName = '.link'

/** A name for the folder of a new snapshot's files. */
export function newFilesName(): string {
  return `.files-${randomBytes(6).toString('hex')}`
}

/** Beside the folder of files, not in it: the folder is removed under the lock. */
export function filesLock(folder: string): string {
  return `${folder}.lock`
}

/** The name of the folder of files that this entry of a store is, or is the lock of. */
export function filesNameOf(entry: string): string | undefined {
  return filesName.exec(entry)?.[1]
}

/** Where a snapshot's name leads to; undefined where there is none. */
export async function follow(link: string): Promise<string | undefined> {
  try {
    return resolve(dirname(link), await readlink(link))
  } catch (error) {
    // Snapshots of the first versions are folders themselves.
    return has(error, 'EINVAL') ? link : undefined
  }
}

/** Makes the name mean these files. @returns false where it means something already and is not to be replaced */
export async function point(link: string, files: string, replace: boolean): Promise<boolean> {
  try {
    await (replace ? repoint(link, files) : symlink(basename(files), link))
    return true
  } catch (error) {
    if (!replace && has(error, 'EEXIST')) {
      return false
    }
    throw error
  }
}

async function repoint(link: string, files: string): Promise<void> {
  // In the folder of files: if we are killed, it goes with them.
  const made = join(files, linkName)
  await symlink(basename(files), made)
  try {
    await rename(made, link)
  } catch (error) {
    if (!has(error, 'EISDIR')) {
      throw error
    }
    await unpoint(link)
    await rename(made, link)
  }
}

/** Takes the name away; its files are nobody's from then on. @returns false where there is none */
export async function unpoint(link: string): Promise<boolean> {
  try {
    await unlink(link)
    return true
  } catch (error) {
    if (has(error, 'EISDIR', 'EPERM')) {
      await rename(link, join(dirname(link), newFilesName()))
      return true
    }
    if (has(error, 'ENOENT')) {
      return false
    }
    throw error
  }
}

/** The names of the folders of files that a snapshot's name leads to. */
export async function pointedAt(store: string): Promise<Set<string>> {
  const names = await readdir(store).catch(() => [])
  const links = names.filter((name) => !name.startsWith('.'))
  const targets = await Promise.all(links.map((name) => readlink(join(store, name)).catch(() => '')))
  return new Set(targets.map((target) => basename(target)))
}

function has(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
