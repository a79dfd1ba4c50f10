import { moveTo } from '../../src/client/call-site.ts'
import type { Win } from '../../src/client/win.ts'
import { OsrunError } from '../../src/protocol/errors.ts'
import type { SetupModules } from './modules.ts'
import { cannotLoad, type PlannedRecipe, type RecipeSource } from './plan.ts'

/** What brings a machine into a recipe's state. */
export type Setup = (win: Win) => unknown

/**
 * Runs a setup, as long as its recipe lets it.
 * @param over ends what it runs in the guest, when its time is over
 * @throws OsrunError RECIPE_FAILED at the user's line
 */
export async function runSetup(recipe: PlannedRecipe, setup: Setup, win: Win, over: AbortController): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`it took longer than its \`timeout\` of ${recipe.timeout} milliseconds`)
    reject(error)
    over.abort(error)
  }, recipe.timeout)
  try {
    await Promise.race([promise, (async () => setup(win))()])
  } catch (error) {
    throw setupFailed(recipe, error)
  } finally {
    clearTimeout(timer)
  }
}

/** The error of a setup, where the user's module has failed. Its cause has what a command wrote. */
export function setupFailed({ name, shownSetup }: PlannedRecipe, cause: unknown): OsrunError {
  const { message, stack = '' } = cause instanceof Error ? cause : new Error(String(cause))
  const [firstLine] = message.split('\n')
  const error = new OsrunError('RECIPE_FAILED', `The setup of recipe "${name}", ${shownSetup}, failed: ${firstLine}`, {
    cause,
  })
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line))
  const ours = frames.findIndex((frame) => frame.includes(runSetup.name))
  return frames.length === 0 ? error : moveTo(frames.slice(0, ours < 0 ? undefined : ours).join('\n'), error)
}

/**
 * The recipes' setups. They are loaded together, before the first machine: what a later one lacks should not cost the
 * time of an earlier one.
 * @throws OsrunError BAD_OPTION where a module exports none, RECIPE_FAILED where one cannot be loaded
 */
export async function loadSetups(
  recipes: readonly PlannedRecipe[],
  source: RecipeSource,
  modules: SetupModules,
): Promise<ReadonlyMap<PlannedRecipe, Setup>> {
  const setups = new Map<PlannedRecipe, Setup>()
  for (const recipe of recipes) {
    const { name, setup, shownSetup, files } = recipe
    const exports = await modules.load(setup, files).catch((error: unknown) => {
      throw cannotLoad(name, shownSetup, error)
    })
    const { default: found } = exports
    if (typeof found !== 'function') {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the option \`snapshots.${name}.setup\` in ${source.description} to be a module whose default export ` +
          `is a function (win: Win) => Promise<void>; that of ${shownSetup} is ${found === undefined ? 'missing' : `of type ${typeof found}`}`,
      )
    }
    setups.set(recipe, found as Setup)
  }
  return setups
}
