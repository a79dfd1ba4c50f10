import { OsrunError } from '../../protocol/errors.ts'
import { checkName } from '../../protocol/names.ts'
import { type CachedStore, cachedStores } from '../../snapshots/cache.ts'

/** Which snapshots of a cache folder are meant. */
export interface Selection {
  readonly cache: string
  readonly guest?: string | undefined
  readonly key?: string | undefined
}

/** A snapshot by its place. */
export interface Selected {
  readonly from: CachedStore
  readonly name: string
}

/** All snapshots that are meant, by guest, key and name; also damaged ones. */
export async function selectAll({ cache, guest, key }: Selection): Promise<Selected[]> {
  const stores = (await cachedStores(cache)).filter(
    (store) => (guest === undefined || store.guest === guest) && (key === undefined || store.key === key),
  )
  const named = await Promise.all(stores.map(async (from) => ({ from, names: await from.store.names() })))
  return named.flatMap(({ from, names }) => names.map((name) => ({ from, name })))
}

/**
 * The one snapshot of each name.
 * @throws OsrunError SNAPSHOT_NOT_FOUND, BAD_OPTION where several have the name
 */
export async function selectNamed(names: readonly string[], selection: Selection): Promise<Selected[]> {
  const all = await selectAll(selection)
  return names.map((name) => {
    const found = all.filter((selected) => selected.name === checkName('snapshot', name))
    const [first, ...others] = found
    if (first === undefined) {
      const there = [...new Set(all.map((selected) => selected.name))].join(', ')
      throw new OsrunError(
        'SNAPSHOT_NOT_FOUND',
        `There is no snapshot "${name}" in ${selection.cache}. Snapshots: ${there || 'none'}.`,
      )
    }
    if (others.length > 0) {
      const places = found.map(({ from }) => `--guest ${from.guest} --key ${from.key}`).join(', or ')
      throw new OsrunError('BAD_OPTION', `Expected one snapshot "${name}", found ${found.length}. Choose: ${places}.`)
    }
    return first
  })
}
