import { truncate, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { isOsrunError } from '../protocol/errors.ts'
import { asDiskFull } from './room.ts'

/**
 * Makes a RAM file of `bytes`, with its room taken on the disk: QEMU maps it, and a write into a mapping that the disk
 * cannot hold ends the process.
 * @throws OsrunError DISK_FULL
 */
export async function allocateRam(path: string, bytes: number): Promise<void> {
  await writeFile(path, '', { mode: 0o600 })
  const made = await execa('fallocate', ['--length', String(bytes), path], { reject: false, stdin: 'ignore' })
  if (made.failed) {
    const error = asDiskFull(new Error(made.stderr), path)
    if (isOsrunError(error)) {
      throw error
    }
    // A file system without fallocate: sparse, with the room only checked before.
    await truncate(path, bytes)
  }
}

/** Gives back the room of pages that hold only zeros: most of an idle guest's memory. */
export async function punchZeroPages(path: string): Promise<void> {
  await execa('fallocate', ['--dig-holes', path], { reject: false, stdin: 'ignore' })
}
