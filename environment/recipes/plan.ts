import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { OsrunError, toOsrunError } from '../../src/protocol/errors.ts'
import { digestOf } from './digest.ts'
import type { Content } from './key.ts'
import type { SetupModules } from './modules.ts'
import type { RecipeOptions } from './options.ts'
import { orderRecipes } from './order.ts'

/** A recipe of which all is known that can be known without a machine. */
export interface PlannedRecipe {
  readonly name: string
  /** The recipe or snapshot that it starts from. */
  readonly from: string
  /** Path of the setup's module. */
  readonly setup: string
  /** The same as the user wrote it. */
  readonly shownSetup: string
  /** Paths of the setup's module and of those that it imports. */
  readonly files: readonly string[]
  readonly modules: readonly Content[]
  readonly inputs: readonly Content[]
  /** Milliseconds. */
  readonly timeout: number
}

/** Where recipes stand. */
export interface RecipeSource {
  /** For errors: "the options of the plugin". */
  readonly description: string
  /** Folder in which relative paths begin. */
  readonly root: string
}

const defaultTimeout = 30 * 60_000

/**
 * Checks recipes and reads what they are made of, each after the one that it starts from.
 * @throws OsrunError BAD_OPTION, RECIPE_FAILED for a setup that cannot be parsed
 */
export async function planRecipes(
  recipes: Readonly<Record<string, RecipeOptions>>,
  source: RecipeSource,
  modules: SetupModules,
): Promise<PlannedRecipe[]> {
  const planned: PlannedRecipe[] = []
  for (const name of orderRecipes(recipes, source.description)) {
    const recipe = recipes[name]
    if (recipe !== undefined) {
      planned.push(await planRecipe(name, recipe, source, modules))
    }
  }
  return planned
}

async function planRecipe(
  name: string,
  { from = 'provisioned', setup: shownSetup, inputs = [], timeout = defaultTimeout }: RecipeOptions,
  source: RecipeSource,
  modules: SetupModules,
): Promise<PlannedRecipe> {
  const locate = (field: string, path: string) => {
    const located = resolve(source.root, path)
    if (!existsSync(located)) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the option \`snapshots.${name}.${field}\` in ${source.description} to be the path of something that ` +
          `exists, got "${path}": there is no ${located}`,
      )
    }
    return located
  }
  const setup = locate('setup', shownSetup)
  const folder = dirname(setup)
  const given = inputs.map((path) => locate('inputs', path))
  const imported = await modules.list(setup).catch((error: unknown) => {
    throw cannotLoad(name, shownSetup, error)
  })
  return {
    ...{ name, from, setup, shownSetup, timeout, files: imported },
    modules: await contentsOf(folder, imported),
    inputs: await contentsOf(folder, given),
  }
}

/** What these files and folders hold now. */
export function contentsOf(folder: string, paths: readonly string[]): Promise<Content[]> {
  return Promise.all(paths.map(async (path) => ({ path: relative(folder, path), digest: await digestOf(path) })))
}

/** The error for a setup that cannot be parsed, or that fails before its function is called. */
export function cannotLoad(name: string, setup: string, cause: unknown): OsrunError {
  const { message } = toOsrunError(cause)
  return new OsrunError('RECIPE_FAILED', `The setup of recipe "${name}", ${setup}, cannot be loaded: ${message}`, {
    cause,
  })
}
