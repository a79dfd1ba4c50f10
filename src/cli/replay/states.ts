import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { stateNotFound } from '../../snapshots/failure-name.ts'
import { type FailureState, listFailures } from '../../snapshots/failures.ts'

/** A state, and where it was made. */
export interface FoundState extends FailureState {
  readonly cache: string
  /** That of its runtime, as `osrun snapshots --cache` takes it. */
  readonly folder: string
  readonly runtime: 'docker' | 'host'
}

/** The states of failed tests below a cache folder, the newest first; the runtime docker keeps its own. */
export async function findStates(cache: string): Promise<FoundState[]> {
  const found = await Promise.all(
    (['host', 'docker'] as const).map(async (runtime) => {
      const folder = runtime === 'docker' ? join(cache, 'docker') : cache
      const states = await listFailures(folder)
      return states.map((state): FoundState => ({ ...state, cache, folder, runtime }))
    }),
  )
  return found.flat().sort((a, b) => b.info.createdAt.localeCompare(a.info.createdAt))
}

/** @throws OsrunError SNAPSHOT_NOT_FOUND with those that there are */
export async function findState(id: string, cache: string): Promise<FoundState> {
  const states = await findStates(cache)
  const state = states.find((each) => each.id === id)
  if (state === undefined) {
    const ids = states.map((each) => each.id)
    const next = ' Where the tests have another `cache`, name it: osrun replay --cache <folder> <id>'
    throw stateNotFound(id, `in ${cache}`, ids, next)
  }
  return state
}

const pattern = /^(?:failure-)?([0-9a-f]{8})$/

/** @throws OsrunError BAD_OPTION */
export function checkId(id: string): string {
  const found = pattern.exec(id)?.[1]
  if (found === undefined) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected the id of a state, 8 hexadecimal digits as \`osrun replay\` lists them, got ${JSON.stringify(id)}.`,
    )
  }
  return found
}
