import { findGuest, type Guest, type GuestFiles } from '../guests/guest.ts'
import { type Preparing, prepareGuest } from '../guests/prepare.ts'
import type { MachineShape } from '../machines/shape.ts'
import { storeFolder } from '../snapshots/cache.ts'
import { snapshotKey, writeKeyParts } from '../snapshots/key.ts'
import { Store } from '../snapshots/store.ts'
import { isImage } from './container.ts'
import { type Equipment, keyPartsOf, shapeOf } from './host-key.ts'

/** A guest as this server runs it: its files, what its machines are made of, and where its snapshots lie. */
export interface GuestHome {
  readonly guest: Guest
  readonly files: GuestFiles
  readonly shape: MachineShape
  readonly key: string
  readonly store: Store
  /** The guest's files were built just now. */
  readonly built: boolean
}

/** Prepares the guest of that name and finds its store. */
export async function openGuestHome(name: string, equipment: Equipment, preparing: Preparing): Promise<GuestHome> {
  const guest = findGuest(name)
  const { built, ...files } = await prepareGuest(name, preparing)
  const shape = shapeOf(guest, files, equipment)
  const parts = await keyPartsOf(shape, files, equipment)
  const key = snapshotKey(parts)
  const store = new Store(storeFolder(preparing.cache, name, key))
  await writeKeyParts(store.folder, parts, isImage())
  await store.collect()
  return { guest, files, shape, key, store, built }
}
