import { setTimeout as delay } from 'node:timers/promises'
import { isOsrunError } from '../../protocol/errors.ts'
import { findEngine } from '../docker/engine.ts'

/** The Docker Engine that runtime `docker` takes, or why there is none and what to do. */
export type EngineAnswer = { readonly version: string } | { readonly problem: string }

const versionDeadline = 3000

/** Asks the Docker Engine of this computer for its version. Rejects only for a bug. */
export async function askEngine(): Promise<EngineAnswer> {
  try {
    const { docker } = await findEngine()
    const answer = docker.version().catch(() => undefined)
    const version = await Promise.race([answer, delay(versionDeadline, undefined, { ref: false })])
    return { version: version?.Version ?? 'of unknown version' }
  } catch (error) {
    if (isOsrunError(error)) {
      return { problem: error.message }
    }
    throw error
  }
}
