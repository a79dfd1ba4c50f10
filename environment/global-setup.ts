import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import type { TestProject, TestSpecification } from 'vitest/node'
import { ProgressLines } from '../src/runtime/progress-lines.ts'
import { evidenceVariable, fileFolder } from './failure/folder.ts'
import { handOver } from './handover.ts'
import { defaultsVariable, type OsrunOptions, parseOptions, resolveOptions } from './options.ts'
import { buildProject, buildProjectAgain, planProject, type RecipePlan } from './recipes/projects.ts'
import { joinRun } from './run.ts'
import type {} from './types.ts'

/**
 * Starts the machine room before the first test file, builds what its guests and recipes lack, and stops it after the
 * last.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lines = new ProgressLines((line) => project.vitest.logger.log(line))
  const users = usersOf(project)
  // What is wrong with a recipe is said before anything starts.
  const plans = new Map<TestProject, RecipePlan>()
  for (const user of users) {
    plans.set(user, await plan(user))
  }
  const run = joinRun(optionsOf(project), lines)
  try {
    const { url, token, capacity } = await run.started
    await run.install(guestsOf(users))
    for (const [user, recipes] of plans) {
      await buildProject(run, user, recipes)
    }
    project.provide('osrun', { url, token })
    const takeBack = handOver({ url, token }, process.env)
    handOverDefaults(project)
    await emptyEvidence(projectsOf(project))
    project.onTestsRerun(async (specifications) => {
      handOver({ url, token }, process.env)
      await removeEvidence(specifications)
      for (const user of users) {
        await buildProjectAgain(run, user, () => plan(user))
      }
    })
    limitWorkers(project, capacity)
    return async () => {
      takeBack()
      await run.leave()
    }
  } catch (error) {
    await run.leave()
    throw error
  }
}

function optionsOf(project: TestProject): OsrunOptions {
  return parseOptions(project.config.environmentOptions?.osrun, sourceOf(project))
}

function sourceOf({ name }: TestProject): string {
  return `environmentOptions.osrun of the project "${name}"`
}

function plan(project: TestProject): Promise<RecipePlan> {
  return planProject(project, optionsOf(project), sourceOf(project))
}

/** This project and those whose files Vitest may run after this one set-up. */
function projectsOf(project: TestProject): TestProject[] {
  return [...new Set([project, ...project.vitest.projects])]
}

function usesOsrun({ config }: TestProject): boolean {
  return config.environment === 'osrun' || config.environmentOptions?.osrun !== undefined
}

function usersOf(project: TestProject): TestProject[] {
  return projectsOf(project).filter((each) => each === project || usesOsrun(each))
}

function guestsOf(users: readonly TestProject[]): Set<string> {
  return new Set(users.map((each) => resolveOptions(optionsOf(each), process.env).guest))
}

/** Vitest drops the config's options where a file's docblock has some; this is how they come through. */
function handOverDefaults(project: TestProject): void {
  for (const { config } of projectsOf(project)) {
    config.env = { ...config.env, [defaultsVariable]: JSON.stringify(config.environmentOptions?.osrun ?? {}) }
  }
}

/** The evidence of the last run is not this run's. */
async function emptyEvidence(projects: readonly TestProject[]): Promise<void> {
  for (const { config } of projects) {
    const folder = join(config.attachmentsDir, 'osrun')
    config.env = { ...config.env, [evidenceVariable]: folder }
    await remove(folder)
  }
}

async function removeEvidence(specifications: readonly TestSpecification[]): Promise<void> {
  for (const { project, moduleId } of specifications) {
    const { root, attachmentsDir } = project.config
    await remove(fileFolder(join(attachmentsDir, 'osrun'), project.name, relative(root, moduleId)))
  }
}

/** No reason to run no test; whoever has evidence to put there says what is wrong with the folder. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => {})
}

/** More workers than machines would only wait. Where other projects run beside, Vitest wants all numbers equal. */
function limitWorkers(project: TestProject, capacity: number): void {
  const projects = projectsOf(project)
  if (projects.every(usesOsrun)) {
    for (const { config } of projects) {
      // Vitest 4 leaves the number open where nobody set it.
      const wanted = config.maxWorkers ?? project.vitest.config.maxWorkers ?? Math.max(availableParallelism() - 1, 1)
      config.maxWorkers = Math.min(wanted, capacity)
    }
  }
}
