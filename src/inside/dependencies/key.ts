import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Project } from '../project.ts'
import { withoutOurselves } from './ourselves.ts'

/** What of a manifest decides about the dependencies; scripts and versions of the project's own do not. */
const fields = [
  ...['name', 'workspaces', 'dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'],
  ...['peerDependenciesMeta', 'overrides', 'resolutions', 'pnpm', 'packageManager'],
]

/** A file that an installation reads. */
export interface Ingredient {
  /** From the project's folder. */
  readonly path: string
  readonly text: string
}

/**
 * What an installation of the project's dependencies reads: lockfile, manifests, settings.
 * @param paths all files of the project that travel
 */
export async function readIngredients(
  { root, manager }: Project,
  paths: readonly string[],
): Promise<readonly Ingredient[]> {
  const more = paths.filter((path) => basename(path) === 'package.json' || manager.more?.test(path))
  const found: Ingredient[] = []
  for (const path of new Set([manager.lockfile, 'package.json', ...manager.settings, ...more])) {
    const text = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (text !== undefined) {
      found.push({ path, text: manager.name === 'npm' ? withoutOurselves(path, text) : text })
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The same for the same dependencies. @param more what else decides about the state in the guest */
export function dependencyKey(ingredients: readonly Ingredient[], more: readonly string[]): string {
  const parts = ingredients.map(({ path, text }) => [path, basename(path) === 'package.json' ? relevant(text) : text])
  return createHash('sha256')
    .update(JSON.stringify([more, parts]))
    .digest('hex')
    .slice(0, 16)
}

function relevant(manifest: string): unknown {
  const parsed: Readonly<Record<string, unknown>> = JSON.parse(manifest)
  return fields.map((field) => parsed[field] ?? null)
}
