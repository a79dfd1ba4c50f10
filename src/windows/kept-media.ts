import { lstat, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import { tryLock, type Unlock } from '../snapshots/lock.ts'
import { windowsGuestNames } from './windows-guests.ts'

/** What installations of Windows left in the cache, for the next one: nothing that a guest or a snapshot needs. */
export interface KeptMedia {
  /** `downloads/<folder>`, or `<guest>/install/<folder>` for what a step of an installation made. */
  readonly name: string
  /** The largest file in it, which says more than the name. */
  readonly file: string
  readonly bytes: number
  /** Milliseconds since 1970 of its last change. */
  readonly changed: number
}

/** What a download is found again by: small, and of no use as room. */
const notes = ['acquired', 'own-digests', 'catalogue']

/** All that there is, the largest first. */
export async function listKeptMedia(cache: string): Promise<KeptMedia[]> {
  const folders = [
    ...(await entries(join(cache, 'downloads')))
      .filter((name) => !notes.includes(name))
      .map((name) => `downloads/${name}`),
    ...(await Promise.all(windowsGuestNames.map(async (guest) => ofGuest(cache, guest)))).flat(),
  ]
  const found = await Promise.all(folders.map(async (name) => ({ name, ...(await measure(placeOf(cache, name))) })))
  return found.sort((one, other) => other.bytes - one.bytes)
}

/**
 * Removes some of it.
 * @param names as `listKeptMedia` has them
 * @returns what was removed
 * @throws OsrunError BAD_OPTION for a name that there is not, and while an installation runs, which may use any
 */
export async function removeKeptMedia(cache: string, names: readonly string[] | 'all'): Promise<KeptMedia[]> {
  const locks = await lockGuests(cache)
  try {
    const there = await listKeptMedia(cache)
    const chosen =
      names === 'all' ? there : names.map((name) => there.find((each) => each.name === name) ?? missing(name))
    await Promise.all(chosen.map(({ name }) => rm(placeOf(cache, name), { recursive: true, force: true })))
    return chosen
  } finally {
    await Promise.all(locks.map((unlock) => unlock()))
  }
}

async function ofGuest(cache: string, guest: string): Promise<string[]> {
  const made = await entries(join(cache, 'guests', guest, 'install'))
  return made.map((name) => `${guest}/install/${name}`)
}

function placeOf(cache: string, name: string): string {
  return name.startsWith('downloads/') ? join(cache, name) : join(cache, 'guests', name)
}

/** Whoever installs Windows holds its guest's lock from the download to the end. */
async function lockGuests(cache: string): Promise<Unlock[]> {
  const locks: Unlock[] = []
  const there = await entries(join(cache, 'guests'))
  for (const guest of windowsGuestNames.filter((name) => there.includes(name))) {
    const unlock = await tryLock(join(cache, 'guests', guest, '.lock'))
    if (unlock === undefined) {
      await Promise.all(locks.map((each) => each()))
      throw new OsrunError(
        'BAD_OPTION',
        `Expected no installation while media are removed, but ${guest} is being installed: wait for its end, or end it.`,
      )
    }
    locks.push(unlock)
  }
  return locks
}

function missing(name: string): never {
  throw new OsrunError('BAD_OPTION', `Expected a name that \`osrun media list\` prints, got ${JSON.stringify(name)}.`)
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function measure(folder: string): Promise<Omit<KeptMedia, 'name'>> {
  let largest = { file: '', size: -1 }
  let bytes = 0
  const { mtimeMs } = await lstat(folder)
  let changed = mtimeMs
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    // Somebody may be at work in it.
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    if (found?.isFile()) {
      bytes += found.blocks * 512
      changed = Math.max(changed, found.mtimeMs)
      largest = found.size > largest.size ? { file: basename(entry.name), size: found.size } : largest
    }
  }
  return { file: largest.file, bytes, changed }
}
