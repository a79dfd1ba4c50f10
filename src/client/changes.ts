import * as v from 'valibot'
import { checkOptions } from '../protocol/check-options.ts'
import { compareInventories, type SystemChanges } from './compare-inventories.ts'
import { readGuestFile } from './files.ts'
import { ignoredByDefault, ignoring } from './ignored-changes.ts'
import { type FileEntry, type InventoryRoots, takeInventory } from './inventory.ts'
import type { Streams } from './streams.ts'

/** Where changes are looked for, and which are left out. */
export interface ChangesOptions {
  /** Folders. Default: `C:\`. */
  readonly files?: readonly string[]
  /**
   * Keys that begin with `HKLM\` or `HKCU\`. Default: `HKLM\Software`, `HKLM\System\CurrentControlSet\Services`,
   * `HKCU\Software` and `HKCU\Environment`.
   */
  readonly registry?: readonly string[]
  /**
   * Left out besides what a system changes by itself: a path or key with all below it, `*` being any part of a name; or
   * what an expression is found in.
   */
  readonly ignore?: readonly (string | RegExp)[]
}

/** Another machine of the same snapshot, as it was restored. */
export interface FreshMachine extends AsyncDisposable {
  readonly streams: Streams
}

const defaultRoots: InventoryRoots = {
  files: ['C:\\'],
  registry: ['HKLM\\Software', 'HKLM\\System\\CurrentControlSet\\Services', 'HKCU\\Software', 'HKCU\\Environment'],
}

/** Larger files that were written have changed, whatever was written. */
const mostCompared = 16 * 2 ** 20

const withoutNul = v.pipe(v.string('a path'), v.regex(/^[^\0"]+$/, 'a path'))
const rootKey = v.pipe(v.string('a key'), v.regex(/^HK(?:LM|CU)\\[^\0"]+$/i, 'a key that begins with HKLM\\ or HKCU\\'))
const pattern = v.union([v.string(), v.custom<RegExp>(isExpression)], 'a path or a regular expression')
const schema = v.strictObject({
  files: v.optional(v.array(withoutNul, 'a list of folders')),
  registry: v.optional(v.array(rootKey, 'a list of keys')),
  ignore: v.optional(v.array(pattern, 'a list of paths and regular expressions')),
})

/**
 * What has changed in a machine since it was restored, found by comparing it with another one of the same snapshot.
 * @throws OsrunError BAD_OPTION, MACHINE_UNRESPONSIVE, and what acquiring a machine throws
 */
export async function findChanges(
  streams: Streams,
  restoreAnother: () => Promise<FreshMachine>,
  options: ChangesOptions,
): Promise<SystemChanges> {
  const { ignore = [], ...roots } = checkOptions(schema, options, 'the options of `changes`') as ChangesOptions
  const wanted = { ...defaultRoots, ...roots }
  await using fresh = await restoreAnother()
  const [before, after] = await Promise.all([takeInventory(fresh.streams, wanted), takeInventory(streams, wanted)])
  const isSame = async (former: FileEntry, file: FileEntry) => {
    if (former.size !== file.size || file.size === undefined || file.size > mostCompared) {
      return false
    }
    // A program may have it open for itself alone.
    const both = [readGuestFile(fresh.streams, former.path), readGuestFile(streams, file.path)]
    const [was, is] = await Promise.all(both).catch(() => [])
    return was !== undefined && is !== undefined && Buffer.compare(was, is) === 0
  }
  // Files are read for it from both machines.
  return await compareInventories(before, after, ignoring([...ignoredByDefault, ...ignore]), isSame)
}

// Not `instance`: a test runner's own globals have a RegExp of their own.
function isExpression(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}
