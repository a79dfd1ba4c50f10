import { resolve } from 'node:path'
import type { EnvironmentContext } from '@jest/environment'
import type { Config } from '@jest/types'
import * as v from 'valibot'
import { OsrunError } from '../../src/protocol/errors.ts'
import type { Environment } from '../../src/runtime/settings.ts'
import { evidenceVariable } from '../failure/folder.ts'
import { type RecipeHandover, recipesVariable } from '../handover.ts'
import { defaultsVariable } from '../options.ts'

/** What the global setup tells the workers of a project besides where the machine room is. */
export interface ProjectHandover {
  /** As they stand in the Jest config. */
  readonly options: unknown
  readonly recipes: RecipeHandover
}

// The environment is that of all projects.
const variable = 'OSRUN_JEST'
const handovers = v.pipe(
  v.string(),
  v.parseJson(),
  v.record(v.string(), v.object({ options: v.unknown(), recipes: v.unknown() })),
)

/** Makes what holds for a project known to processes that start from now on; the returned function undoes it. */
export function handOverProject(
  { id }: Config.ProjectConfig,
  handover: ProjectHandover,
  environment: NodeJS.ProcessEnv,
): () => void {
  environment[variable] = JSON.stringify({ ...readHandovers(environment), [id]: handover })
  return () => {
    delete environment[variable]
  }
}

function readHandovers(environment: Environment): v.InferOutput<typeof handovers> {
  const told = v.safeParse(handovers, environment[variable])
  return told.success ? told.output : {}
}

/** The options as they stand in the config; Jest's own environment has its options beside them. */
export function configOptions({ testEnvironmentOptions }: Config.ProjectConfig): unknown {
  return testEnvironmentOptions['osrun']
}

/** What a file's docblock says, or where it has none, the config. Jest mixes the two, and only at their top level. */
export function ownOptions(project: Config.ProjectConfig, { docblockPragmas }: EnvironmentContext): unknown {
  const text = docblockPragmas['jest-environment-options']
  if (text === undefined) {
    return configOptions(project)
  }
  if (typeof text !== 'string') {
    throw new OsrunError('BAD_OPTION', 'Expected one `@jest-environment-options` in the docblock of this file')
  }
  return JSON.parse(text)
}

/** The environment variables, with what the global setup has told of this project. */
export function sessionEnvironment(project: Config.ProjectConfig, environment: Environment): Environment {
  const told = readHandovers(environment)[project.id]
  return {
    ...environment,
    [defaultsVariable]: JSON.stringify(told?.options ?? configOptions(project) ?? {}),
    ...(told && { [recipesVariable]: JSON.stringify(told.recipes) }),
    [evidenceVariable]: evidenceFolderOf(project, environment),
  }
}

/** Where evidence goes: `.osrun/failures` in the project's folder. */
export function evidenceFolderOf({ rootDir }: Config.ProjectConfig, environment: Environment): string {
  return environment[evidenceVariable] ?? resolve(rootDir, '.osrun/failures')
}
