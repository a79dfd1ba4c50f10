import { statfs } from 'node:fs/promises'
import { OsrunError } from '../protocol/errors.ts'

/**
 * Checks that the file system of `folder` has room for `bytes` more, so that a full disk is said before work starts
 * and not met in the middle of it.
 * @throws OsrunError DISK_FULL naming the folder, what is needed and what is free
 */
export async function checkRoom(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free < bytes) {
    throw new OsrunError(
      'DISK_FULL',
      `${what} needs ${formatBytes(bytes)} in ${folder}, and ${formatBytes(free)} are free there. ` +
        'Free some room, or choose another folder with the `cache` option or OSRUN_CACHE.',
    )
  }
}

/** Bytes for a person: "1.5 GiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
