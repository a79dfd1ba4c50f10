import { join } from 'node:path'
import { lock, type Unlock } from '../snapshots/lock.ts'

/** Whoever puts a guest into its folder holds this lock. */
export function lockGuest(cache: string, name: string, signal?: AbortSignal): Promise<Unlock> {
  return lock(join(cache, 'guests', name, '.lock'), signal)
}
