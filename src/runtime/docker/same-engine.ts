import type Dockerode from 'dockerode'
import { OsrunError } from '../../protocol/errors.ts'
import type { Engine } from './engine.ts'

/**
 * Checks that testcontainers, which has its own way to find an engine, has found this one.
 * @throws OsrunError DOCKER_UNAVAILABLE
 */
export async function checkTestcontainers({ docker, address }: Engine): Promise<void> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { dockerode } = (await getContainerRuntimeClient()).container
  if (!(await sameEngine(docker, dockerode))) {
    throw new OsrunError(
      'DOCKER_UNAVAILABLE',
      `testcontainers talks to another Docker Engine than the one at ${address}. Take docker.host and tc.host out of ` +
        '~/.testcontainers.properties, or set DOCKER_HOST to the same address.',
    )
  }
}

/** True if both clients talk to one engine. Some engines (Podman's) give another id with every answer. */
export async function sameEngine(one: Dockerode, other: Dockerode): Promise<boolean> {
  if ((await addressOf(one)) === (await addressOf(other))) {
    return true
  }
  const [id, otherId] = await Promise.all([one.info(), other.info()].map(async (info) => (await info).ID))
  return typeof id === 'string' && id !== '' && id === otherId
}

async function addressOf({ modem }: Dockerode): Promise<string> {
  const { socketPath, host, port }: Partial<Record<string, unknown>> = { ...modem }
  // dockerode looks for the usual socket as late as it can.
  const path: unknown = typeof socketPath === 'function' ? await socketPath() : socketPath
  return host ? `${host}:${port}` : String(path)
}
