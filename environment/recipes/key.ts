import { createHash } from 'node:crypto'

/** A file or folder, and what it holds. */
export interface Content {
  /** From the folder of the recipe's setup, so that another checkout of the project finds the same. */
  readonly path: string
  readonly digest: string
}

/** All that is known of a recipe before its setup runs. */
export interface Ingredients {
  readonly modules: readonly Content[]
  readonly inputs: readonly Content[]
  /** What it starts from: another recipe's content, or the id of a snapshot. */
  readonly parent: string
}

/** The same for the same content, whatever the recipe is called and wherever the project lies. */
export function recipeKey({ modules, inputs, parent }: Ingredients): string {
  return hash(['recipe 1', parent, sorted(modules), sorted(inputs)])
}

/** What the setup uploads is known when it has run; with it, the content is complete. */
export function contentKey(key: string, uploads: readonly Content[]): string {
  return hash(['content 1', key, sorted(uploads)])
}

function sorted(contents: readonly Content[]): [string, string][] {
  return contents.map(({ path, digest }): [string, string] => [path, digest]).sort(([a], [b]) => (a < b ? -1 : 1))
}

function hash(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
