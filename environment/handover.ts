import * as v from 'valibot'
import type { Environment, ServerOptions } from '../src/runtime/settings.ts'

/** Where the run's machine room is: the global setup tells the workers. */
export interface ServerHandover {
  readonly url: string
  readonly token: string
}

// Of its own, not OSRUN_URL: what the user sets is an option, what we set belongs to one run.
const variable = 'OSRUN_RUN_SERVER'
const handover = v.pipe(v.string(), v.parseJson(), v.object({ url: v.string(), token: v.string() }))

/** Makes the machine room known to processes that start from now on; the returned function undoes it. */
export function handOver({ url, token }: ServerHandover, environment: NodeJS.ProcessEnv): () => void {
  environment[variable] = JSON.stringify({ url, token })
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
