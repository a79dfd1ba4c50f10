import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { isOsrunError } from '../protocol/errors.ts'
import type { TemplateInfo } from '../protocol/messages.ts'
import { checkName, isName } from '../protocol/names.ts'
import type { Store, Template } from './store.ts'

/** Generations of one recipe that are kept: an edit that is undone, or another branch, finds its own again. */
const mostGenerations = 4
/** Milliseconds after its last use in which a snapshot is taken to be some run's. */
const inUse = 3_600_000

/** The snapshots of a store that are whole, with what they come from. */
export async function listTemplates(store: Store): Promise<TemplateInfo[]> {
  const templates = await Promise.all((await store.names()).filter(isName).map((name) => findWhole(store, name)))
  return templates
    .filter((template) => template !== undefined)
    .map(({ manifest: { name, id, recipe } }) => ({ name, id, ...(recipe && { recipe }) }))
}

/** Path of the file that locks the building of a recipe. Its name is no snapshot's. */
export function recipeLock(store: Store, recipe: string): string {
  return join(store.folder, `.recipe-${checkName('recipe', recipe)}`)
}

/** Notes that the snapshot is in use now. */
export async function markUsed({ folder }: Template): Promise<void> {
  const now = new Date()
  await utimes(folder, now, now)
}

/**
 * Removes snapshots that `recipe` built and nobody needs: all but the few that were used last, and none that was used
 * of late, for a run may still restore it.
 */
export async function removeOldGenerations(store: Store, recipe: string, now = Date.now()): Promise<string[]> {
  const built = (await listTemplates(store)).filter((template) => template.recipe?.name === recipe)
  const dated = await Promise.all(built.map(async ({ name }) => ({ name, used: await lastUse(store, name) })))
  const old = dated
    .sort((a, b) => b.used - a.used)
    .slice(mostGenerations)
    .filter(({ used }) => used < now - inUse)
  for (const { name } of old) {
    await store.remove(name).catch((error: unknown) => {
      // Another machine room was faster.
      if (!isOsrunError(error)) {
        throw error
      }
    })
  }
  return old.map(({ name }) => name)
}

async function lastUse(store: Store, name: string): Promise<number> {
  return (await stat(join(store.folder, name)).catch(() => undefined))?.mtimeMs ?? 0
}

async function findWhole(store: Store, name: string): Promise<Template | undefined> {
  try {
    return await store.find(name)
  } catch (error) {
    if (isOsrunError(error) && error.code === 'SNAPSHOT_DAMAGED') {
      return undefined
    }
    throw error
  }
}
