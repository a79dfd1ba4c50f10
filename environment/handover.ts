import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { errorCodes, OsrunError, type OsrunErrorCode } from '../src/protocol/errors.ts'
import type { Environment, ServerOptions } from '../src/runtime/settings.ts'

/** Where the run's machine room is: the global setup tells the workers. */
export interface ServerHandover {
  readonly url: string
  readonly token: string
  /** Tells this run from others of the same machine room: each time the tests run, also in watch mode. */
  readonly run?: string | undefined
}

// Of its own, not OSRUN_URL: what the user sets is an option, what we set belongs to one run.
const variable = 'OSRUN_RUN_SERVER'
const handover = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ url: v.string(), token: v.string(), run: v.optional(v.string()) }),
)

/** Makes the machine room known to processes that start from now on; the returned function undoes it. */
export function handOver({ url, token }: ServerHandover, environment: NodeJS.ProcessEnv): () => void {
  environment[variable] = JSON.stringify({ url, token, run: randomUUID() })
  return () => {
    delete environment[variable]
  }
}

/** The run's machine room: the global setup's, or where there is none the one of the options. */
export function findServer(environment: Environment, runtime: ServerOptions['runtime']): ServerHandover | undefined {
  const told = v.safeParse(handover, environment[variable])
  if (told.success) {
    return told.output
  }
  return typeof runtime === 'object' ? runtime : undefined
}

/** Environment variable in which the global setup tells the workers what its recipes have built. */
export const recipesVariable = 'OSRUN_RECIPES'

const recipeHandover = v.union([
  v.object({ guest: v.string(), snapshots: v.record(v.string(), v.string()) }),
  v.object({
    failure: v.object({ code: v.picklist(Object.keys(errorCodes) as OsrunErrorCode[]), message: v.string() }),
  }),
])

/** What the recipes of a project have built in its guest, by their names, or why they could not. */
export type RecipeHandover = v.InferOutput<typeof recipeHandover>

/**
 * The store's names of what the project's recipes have built for this guest.
 * @throws OsrunError why they could not be built
 */
export function findRecipes(environment: Environment, guest: string): Readonly<Record<string, string>> {
  const told = v.safeParse(v.pipe(v.string(), v.parseJson(), recipeHandover), environment[recipesVariable])
  if (!told.success) {
    return {}
  }
  if ('failure' in told.output) {
    throw new OsrunError(told.output.failure.code, told.output.failure.message)
  }
  return told.output.guest === guest ? told.output.snapshots : {}
}
