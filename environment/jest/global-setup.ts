import { rm } from 'node:fs/promises'
import type { Config } from '@jest/types'
import { ProgressLines } from '../../src/runtime/progress-lines.ts'
import { handOver } from '../handover.ts'
import { parseOptions, resolveOptions } from '../options.ts'
import { planRecipes } from '../recipes/plan.ts'
import { joinRun } from '../run.ts'
import { nodeModules } from './modules.ts'
import { configOptions, evidenceFolderOf, handOverProject } from './options.ts'
import { keepTeardown } from './teardown.ts'

const source = 'testEnvironmentOptions.osrun of the Jest config'

/** Starts the machine room before the first test file, and builds what its guest and recipes lack. */
export default async function setup(_: Config.GlobalConfig, project: Config.ProjectConfig): Promise<void> {
  const lines = new ProgressLines((line) => process.stderr.write(`${line}\n`))
  const given = configOptions(project)
  const options = parseOptions(given, source)
  const { guest, clock, network, dialogs } = resolveOptions(given, process.env)
  const where = { description: source, root: project.rootDir }
  // What is wrong with a recipe is said before anything starts.
  const planned = await planRecipes(options.snapshots ?? {}, where, nodeModules)
  const run = joinRun(options, lines)
  try {
    const { url, token } = await run.started
    await run.install([guest])
    const machine = { guest, clock, network, dialogs }
    const snapshots = await run.build({ recipes: planned, source: where, modules: nodeModules, machine })
    const takeBack = [
      handOver({ url, token }, process.env),
      handOverProject(project, { options: given, recipes: { guest, snapshots } }, process.env),
    ]
    // The evidence of the last run is not this run's.
    await rm(evidenceFolderOf(project, process.env), { recursive: true, force: true }).catch(() => {})
    keepTeardown(async () => {
      for (const each of takeBack) {
        each()
      }
      await run.leave()
    })
  } catch (error) {
    await run.leave()
    throw error
  }
}
