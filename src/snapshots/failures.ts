import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { FailureNote, SnapshotInfo } from '../protocol/messages.ts'
import { type CachedStore, cachedStores } from './cache.ts'
import { failureId } from './failure-name.ts'
import { formatBytes } from './room.ts'

/** How much room the states of failed tests may take in a cache folder. */
export interface FailureBounds {
  /** Kept at once. */
  readonly states: number
  /** Bytes of all of them. */
  readonly bytes: number
  /** Bytes of the disk that stay free. */
  readonly free: number
}

export const failureBounds: FailureBounds = { states: 10, bytes: 8 * 2 ** 30, free: 2 * 2 ** 30 }

/** A state in which a test has failed: a snapshot, kept for `osrun replay`. */
export interface FailureState {
  readonly id: string
  readonly from: CachedStore
  readonly info: SnapshotInfo
  readonly note: FailureNote
}

/** Path of the file that whoever adds a state locks. */
export function failureLock(cache: string): string {
  return join(cache, 'store', '.failures')
}

/** The states in a cache folder, the newest first. A damaged one is left out. */
export async function listFailures(cache: string): Promise<FailureState[]> {
  const found = await Promise.all((await cachedStores(cache)).map(failuresOf))
  return found.flat().sort((a, b) => b.info.createdAt.localeCompare(a.info.createdAt))
}

async function failuresOf(from: CachedStore): Promise<FailureState[]> {
  const found = await Promise.all(
    (await from.store.names()).map(async (name) => {
      const id = failureId(name)
      if (id === undefined) {
        return undefined
      }
      const [template, info] = await Promise.all([from.store.find(name), from.store.info(name)]).catch(() => [])
      const note = template?.manifest.failure
      return note && info && { id, from, info, note }
    }),
  )
  return found.filter((state) => state !== undefined)
}

/**
 * Makes room for one more state: removes the oldest ones until it fits the bounds, whatever of `bytes` it will take.
 * @returns the ids of those that are gone
 * @throws OsrunError DISK_FULL where it would not fit without others, or the disk has too little room
 */
export async function makeRoom(cache: string, bytes: number, bounds: FailureBounds = failureBounds): Promise<string[]> {
  if (bytes > bounds.bytes) {
    throw new OsrunError(
      'DISK_FULL',
      `The state of a machine with ${formatBytes(bytes)} of memory does not fit the ${formatBytes(bounds.bytes)} that ` +
        'the states of failed tests may take.',
    )
  }
  const removed = await removeOldest(cache, { states: bounds.states - 1, bytes: bounds.bytes - bytes })
  const { bavail, bsize } = await statfs(cache)
  if (bavail * bsize < bytes + bounds.free) {
    throw new OsrunError(
      'DISK_FULL',
      `It may need ${formatBytes(bytes)} in ${cache}, and ${formatBytes(bavail * bsize)} are free there, of which ` +
        `${formatBytes(bounds.free)} are left to others.`,
    )
  }
  return removed
}

/** Removes the oldest states until what is left is within these bounds. @returns their ids */
export async function removeOldest(cache: string, { states, bytes }: Omit<FailureBounds, 'free'>): Promise<string[]> {
  const removed: string[] = []
  let kept = 0
  let size = 0
  for (const { id, from, info } of await listFailures(cache)) {
    kept += 1
    size += info.size
    if (kept > states || size > bytes) {
      // Another machine room may be faster.
      await from.store.remove(info.name).catch(() => {})
      removed.push(id)
    }
  }
  return removed
}
