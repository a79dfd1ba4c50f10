import { constants } from 'node:fs'
import { access, mkdir, stat } from 'node:fs/promises'
import { OsrunError } from '../protocol/errors.ts'

/**
 * Makes the cache folder where it is missing.
 * @param user who writes to it, by number
 * @throws OsrunError HOST_FILE_FAILED where it cannot be written, naming whose it is and what to do
 */
export async function openCacheFolder(folder: string, user = process.getuid?.()): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const owner = await stat(folder).catch(() => undefined)
    const whose = owner === undefined ? '' : `, which belongs to user ${owner.uid}`
    throw new OsrunError(
      'HOST_FILE_FAILED',
      `Expected user ${user} to be able to write to the cache folder ${folder}${whose}: ${reasonOf(cause)}. ` +
        `Give it to that user (\`sudo chown -R ${user} <folder>\`), choose another with OSRUN_CACHE, or for a container ` +
        'mount one with `-v` that is writable for the user of `--user`.',
      { cause },
    )
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const known: Partial<Record<string, string>> = {
    EACCES: 'permission denied',
    EROFS: 'its file system is read-only',
    ENOTDIR: 'a file is in the way',
    EEXIST: 'a file is in the way',
  }
  return known[code] ?? (cause instanceof Error ? cause.message : String(cause))
}
