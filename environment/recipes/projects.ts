import type { TestProject } from 'vitest/node'
import { toOsrunError } from '../../src/protocol/errors.ts'
import { type RecipeHandover, recipesVariable } from '../handover.ts'
import { type OsrunOptions, resolveOptions } from '../options.ts'
import type { RunMembership } from '../run.ts'
import type { Building } from './build.ts'
import { modulesOf } from './modules.ts'
import { planRecipes } from './plan.ts'

/** What a project's recipes are built from. */
export type RecipePlan = Omit<Building, 'room' | 'lines' | 'known'>

/**
 * The recipes of each project, checked and read.
 * @param source where the options stand, for errors
 * @throws OsrunError BAD_OPTION, RECIPE_FAILED
 */
export async function planProject(project: TestProject, options: OsrunOptions, source: string): Promise<RecipePlan> {
  const { guest, clock, network, dialogs } = resolveOptions(options, process.env)
  const where = { description: source, root: project.config.root }
  const modules = modulesOf(project)
  const recipes = await planRecipes(options.snapshots ?? {}, where, modules)
  return { recipes, source: where, modules, machine: { guest, clock, network, dialogs } }
}

/** Finds or builds what the recipes make, and tells the project's workers. */
export async function buildProject(run: RunMembership, project: TestProject, plan: RecipePlan): Promise<void> {
  const { guest } = plan.machine
  const snapshots = await run.build(plan)
  handOver(project, { guest, snapshots })
  rerunOnEdit(project, plan)
}

/** The same before a rerun in watch mode. It never throws: that would end Vitest. The test files have the failure. */
export async function buildProjectAgain(
  run: RunMembership,
  project: TestProject,
  plan: () => Promise<RecipePlan>,
): Promise<void> {
  try {
    await buildProject(run, project, await plan())
  } catch (error) {
    const { code, message } = toOsrunError(error)
    handOver(project, { failure: { code, message } })
  }
}

function handOver({ config }: TestProject, handover: RecipeHandover): void {
  config.env = { ...config.env, [recipesVariable]: JSON.stringify(handover) }
}

/** In watch mode the edit of a setup, which no test file imports, runs them all. */
function rerunOnEdit(project: TestProject, { recipes }: RecipePlan): void {
  const { forceRerunTriggers } = project.vitest.config
  for (const path of recipes.flatMap(({ files }) => files)) {
    const pattern = path.replace(/[\\()[\]{}!*?+@|]/g, '\\$&')
    if (!forceRerunTriggers.includes(pattern)) {
      forceRerunTriggers.push(pattern)
    }
  }
}
