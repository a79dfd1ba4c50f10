import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { TemplateInfo } from '../../src/protocol/messages.ts'
import { digestOf } from './digest.ts'
import type { Content } from './key.ts'
import { contentsOf, type PlannedRecipe } from './plan.ts'

/** The snapshot that this recipe has built from what its files hold now, uploaded ones too. */
export async function findBuilt(
  templates: readonly TemplateInfo[],
  { name, setup }: PlannedRecipe,
  key: string,
): Promise<string | undefined> {
  for (const { name: stored, recipe } of templates) {
    if (recipe?.name === name && recipe.key === key && (await areUnchanged(dirname(setup), recipe.uploads))) {
      return stored
    }
  }
  return undefined
}

async function areUnchanged(folder: string, uploads: readonly Content[]): Promise<boolean> {
  for (const { path, digest } of uploads) {
    const now = await digestOf(resolve(folder, path)).catch(() => undefined)
    if (now !== digest) {
      return false
    }
  }
  return true
}

/** Follows what a setup uploads. */
export class UploadTrace {
  readonly #folder: string
  readonly #uploads = new Map<string, Content>()

  /** @param folder the setup's */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** To be awaited before the upload reads: what changes between the two is then seen by the next run. */
  readonly add = async (hostPath: string): Promise<void> => {
    const path = resolve(hostPath)
    // What cannot be read is the upload's own failure.
    const [content] = await contentsOf(this.#folder, [path]).catch(() => [])
    if (content !== undefined) {
      this.#uploads.set(path, content)
    }
  }

  /** What was uploaded and is still there: a file that the setup made for itself and removed is no input. */
  contents(): Content[] {
    return [...this.#uploads].filter(([path]) => existsSync(path)).map(([, content]) => content)
  }
}
