import { OsrunError } from '../protocol/errors.ts'
import { remote } from './remote.ts'
import type { RunningServer, Runtime, RuntimeOptions } from './runtime.ts'
import { defaultCache, type Environment, optionsFromEnvironment, type ServerOptions, toMiB } from './settings.ts'

/** What to hear while a machine room starts, and how to stop that. */
export type StartHooks = Pick<RuntimeOptions, 'onProgress' | 'onLog' | 'signal'>

/**
 * The machine room that the options ask for; what they leave out comes from environment variables.
 * @throws OsrunError RUNTIME_UNAVAILABLE, DOCKER_UNAVAILABLE, QEMU_UNUSABLE, SERVER_START_FAILED, BAD_OPTION
 */
export async function startRuntime(
  options: ServerOptions,
  hooks: StartHooks,
  environment: Environment = process.env,
): Promise<RunningServer> {
  const variables = optionsFromEnvironment(environment)
  const { accel = 'auto', cache = defaultCache(environment), memory, ...rest } = { ...variables, ...options }
  const { machines, standbys, tempDrive, cpus, expose } = rest
  const { runtime = 'auto' } = options.runtime === 'auto' ? variables : { ...variables, ...options }
  if (typeof runtime === 'object') {
    return remote(runtime.url, runtime.token)
  }
  const chosen = await chooseRuntime(runtime, await loadRuntimes(runtime))
  hooks.onProgress({ phase: `starting the machine room (runtime ${chosen.name})` })
  return chosen.start({
    ...{ cache, accel, ...hooks },
    ...(machines !== undefined && { machines }),
    ...(standbys !== undefined && { standbys }),
    ...(tempDrive !== undefined && { tempDrive }),
    ...(memory !== undefined && { memoryMiB: toMiB(memory) }),
    ...(cpus !== undefined && { cpus }),
    ...(expose !== undefined && { expose }),
  })
}

/**
 * The first of `runtimes` that can be used here.
 * @throws OsrunError which says of each why it cannot, and what to do
 */
export async function chooseRuntime(wish: 'auto' | 'docker' | 'host', runtimes: readonly Runtime[]): Promise<Runtime> {
  const reasons: string[] = []
  for (const runtime of runtimes) {
    const reason = await runtime.unavailable()
    if (reason === undefined) {
      return runtime
    }
    reasons.push(`${runtime.name}: ${reason}`)
  }
  if (wish === 'auto') {
    throw new OsrunError(
      'RUNTIME_UNAVAILABLE',
      `Machines can run in a container or on this computer, and neither is possible now.\n  ${reasons.join('\n  ')}`,
    )
  }
  throw new OsrunError(wish === 'docker' ? 'DOCKER_UNAVAILABLE' : 'QEMU_UNUSABLE', `Runtime ${reasons.join('')}`)
}

// Loaded when they are needed: testcontainers alone takes a fifth of a second.
async function loadRuntimes(wish: 'auto' | 'docker' | 'host'): Promise<Runtime[]> {
  return [
    ...(wish === 'host' ? [] : [(await import('./docker.ts')).docker]),
    ...(wish === 'docker' ? [] : [(await import('./host.ts')).host]),
  ]
}
