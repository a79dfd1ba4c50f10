import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isName } from '../protocol/names.ts'
import { type KeyParts, readKeyNote } from './key.ts'
import { Store } from './store.ts'

/** Where a cache folder has the snapshots of a guest under a key. */
export function storeFolder(cache: string, guest: string, key: string): string {
  return join(cache, 'store', guest, key)
}

/** The snapshots of one guest under one key, in a cache folder. */
export interface CachedStore {
  readonly guest: string
  readonly key: string
  readonly store: Store
  /** What the key was made of; undefined for stores of the first versions, which do not say. */
  readonly parts: KeyParts | undefined
  /** A machine room in a container of our image has made it. */
  readonly inImage: boolean
}

/** All stores of a cache folder, by guest and key. */
export async function cachedStores(cache: string): Promise<CachedStore[]> {
  const guests = (await foldersIn(join(cache, 'store'))).filter(isName)
  const found = await Promise.all(
    guests.map(async (guest) => {
      const keys = (await foldersIn(join(cache, 'store', guest))).filter((key) => /^[0-9a-f]{16}$/.test(key))
      return Promise.all(keys.map((key) => cachedStore(cache, guest, key)))
    }),
  )
  return found.flat()
}

async function cachedStore(cache: string, guest: string, key: string): Promise<CachedStore> {
  const folder = storeFolder(cache, guest, key)
  const note = await readKeyNote(folder, key)
  return { guest, key, store: new Store(folder), parts: note?.parts, inImage: note?.inImage ?? false }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}
