import { cachedStores } from '../../snapshots/cache.ts'
import type { Output } from './output.ts'
import { type Selected, type Selection, selectNamed } from './select.ts'

/**
 * Removes snapshots, and says which were made from them: those go on, as do machines that run.
 * @returns the exit code
 */
export async function remove(names: readonly string[], options: Selection & Output): Promise<number> {
  const { json, stdout = process.stdout } = options
  const selected = await selectNamed(names, options)
  const removed = []
  for (const each of selected) {
    const descendants = await descendantsOf(each)
    await each.from.store.remove(each.name)
    removed.push({ guest: each.from.guest, key: each.from.key, name: each.name, descendants })
    if (!json) {
      const kept = descendants.length === 0 ? '' : `. Made from it, and still whole: ${descendants.join(', ')}`
      stdout.write(`Removed ${each.from.guest}/${each.name}${kept}\n`)
    }
  }
  if (json) {
    stdout.write(`${JSON.stringify(removed, undefined, 2)}\n`)
  }
  // What other processes left behind goes as well.
  await Promise.all((await cachedStores(options.cache)).map(({ store }) => store.collect()))
  return 0
}

/** Names of the snapshots that were made from this one, and from those. */
async function descendantsOf({ from, name }: Selected): Promise<string[]> {
  const all = await from.store.list()
  const found = new Set<string>()
  const add = (parent: string) => {
    for (const child of all.filter((each) => each.parent === parent && !found.has(each.name) && each.name !== name)) {
      found.add(child.name)
      add(child.name)
    }
  }
  add(name)
  return [...found].sort()
}
