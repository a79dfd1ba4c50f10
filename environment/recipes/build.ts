import { dirname } from 'node:path'
import type { MachineRoom } from '../../src/client/machine-room.ts'
import type { RecipeClaim } from '../../src/client/recipe-claim.ts'
import { SnapshotNames } from '../../src/client/snapshot-names.ts'
import { formatDuration } from '../../src/protocol/duration.ts'
import { OsrunError, toOsrunError } from '../../src/protocol/errors.ts'
import type { TemplateInfo } from '../../src/protocol/messages.ts'
import type { ProgressLines } from '../../src/runtime/progress-lines.ts'
import type { MachineOptions } from '../options.ts'
import { contentKey, recipeKey } from './key.ts'
import type { SetupModules } from './modules.ts'
import type { PlannedRecipe, RecipeSource } from './plan.ts'
import { loadSetups, runSetup, type Setup, setupFailed } from './setups.ts'
import { findBuilt, UploadTrace } from './trace.ts'

/** What recipes are built with. */
export interface Building {
  readonly room: MachineRoom
  readonly recipes: readonly PlannedRecipe[]
  readonly source: RecipeSource
  readonly modules: SetupModules
  readonly machine: Pick<Required<MachineOptions>, 'guest' | 'clock' | 'network' | 'dialogs'>
  readonly lines: ProgressLines
  /** The store's names of what was found or built, and said, in this run. */
  readonly known: Set<string>
}

/** The store's names of the recipes' snapshots. */
export type BuiltRecipes = Readonly<Record<string, string>>

interface Parent {
  /** The store's name. */
  readonly snapshot: string
  /** Changes with what it holds. */
  readonly identity: string
}

/** A recipe whose turn it is. */
interface Step {
  readonly recipe: PlannedRecipe
  readonly parent: Parent
  readonly key: string
  /** What those before it have built. */
  readonly names: SnapshotNames
}

/**
 * Finds what the recipes have built from the files as they are now, and builds what is missing, one after the other:
 * machines are scarce, and a setup has one for itself.
 * @throws OsrunError BAD_OPTION, RECIPE_FAILED, and what acquiring a machine and taking a snapshot throw
 */
export async function buildRecipes(task: Building): Promise<BuiltRecipes> {
  const { room, recipes, machine, lines } = task
  const built: Record<string, string> = {}
  if (recipes.length === 0) {
    return built
  }
  const templates = await room.templates(machine.guest)
  checkParents(task, templates)
  const setups = once(() => loadSetups(recipes, task.source, task.modules))
  for (const recipe of recipes) {
    const parent = findParent(recipe, built, templates)
    const key = recipeKey({ ...recipe, parent: parent.identity })
    const found = await findBuilt(templates, recipe, key)
    const step = { recipe, parent, key, names: new SnapshotNames(built) }
    const stored = found ?? (await claimAndBuild(task, step, setups))
    await room.keep(machine.guest, [stored])
    if (found !== undefined && !task.known.has(stored)) {
      lines.say(`snapshot ${recipe.name} is ready`)
    }
    task.known.add(stored)
    built[recipe.name] = stored
  }
  return built
}

async function claimAndBuild(
  { room, machine, lines }: Building,
  step: Step,
  setups: () => Promise<ReadonlyMap<PlannedRecipe, Setup>>,
): Promise<string> {
  const { recipe, key } = step
  const setup = (await setups()).get(recipe)
  if (setup === undefined) {
    throw new OsrunError('INTERNAL', `The setup of recipe "${recipe.name}" was not loaded.`)
  }
  const claim = await room.claim(machine.guest, recipe.name, lines.report)
  try {
    const found = await findBuilt(await claim.templates(), recipe, key)
    if (found !== undefined) {
      lines.say(`snapshot ${recipe.name} is ready, built by another run`)
      return found
    }
    lines.report({ phase: `snapshot ${recipe.name}: building (${recipe.shownSetup})` })
    const begin = performance.now()
    const stored = await build(claim, machine, step, setup)
    lines.say(`snapshot ${recipe.name} is ready, built in ${formatDuration(performance.now() - begin)}`)
    return stored
  } finally {
    await claim.close()
  }
}

async function build(
  claim: RecipeClaim,
  { dialogs, ...machine }: Building['machine'],
  { recipe, parent, key, names }: Step,
  setup: Setup,
): Promise<string> {
  const uploads = new UploadTrace(dirname(recipe.setup))
  const over = new AbortController()
  const request = { ...machine, snapshot: parent.snapshot, label: `recipe ${recipe.name}` }
  const hooks = { names, beforeUpload: uploads.add, signals: () => [over.signal], dialogs: () => dialogs }
  const win = await claim.acquire(request, hooks)
  await runSetup(recipe, setup, win, over)
  if (win.snapshotName !== names.toShown(parent.snapshot)) {
    throw setupFailed(
      recipe,
      new Error(
        `it restored the machine to "${win.snapshotName}", and \`snapshots.${recipe.name}.from\` is "${recipe.from}"`,
      ),
    )
  }
  const contents = uploads.contents()
  const stored = `${recipe.name}-${contentKey(key, contents)}`
  try {
    await claim.publish(stored, { name: recipe.name, key, uploads: contents })
  } catch (error) {
    const { code, message } = toOsrunError(error)
    throw new OsrunError(code, `Recipe "${recipe.name}": ${message.replaceAll(stored, recipe.name)}`, { cause: error })
  }
  return stored
}

function checkParents({ recipes, source, machine }: Building, templates: readonly TemplateInfo[]): void {
  const recipeNames = recipes.map(({ name }) => name)
  const names = templates.filter(({ recipe }) => recipe === undefined).map(({ name }) => name)
  for (const { name, from } of recipes) {
    if (!recipeNames.includes(from) && !templates.some((template) => template.name === from)) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the option \`snapshots.${name}.from\` in ${source.description} to be a recipe or a snapshot of the ` +
          `guest ${machine.guest}, got "${from}". Recipes: ${recipeNames.join(', ')}; snapshots: ${names.join(', ')}`,
      )
    }
  }
}

function findParent({ from }: PlannedRecipe, built: BuiltRecipes, templates: readonly TemplateInfo[]): Parent {
  const recipe = built[from]
  if (recipe !== undefined) {
    // Its name says what it holds.
    return { snapshot: recipe, identity: recipe.slice(from.length) }
  }
  const template = templates.find(({ name }) => name === from)
  return { snapshot: from, identity: `snapshot ${template?.id}` }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}
