import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type Dockerode from 'dockerode'
import { OsrunError } from '../../protocol/errors.ts'
import type { Environment } from '../settings.ts'

/** A Docker Engine that answers and works on this computer's own folders and ports. */
export interface Engine {
  readonly docker: Dockerode
  /** Where it listens, for a person. */
  readonly address: string
  /** True where the engine is an ordinary user's: root in its containers is that user. */
  readonly rootless: boolean
}

const answerDeadline = 5_000

/**
 * Finds the engine that `DOCKER_HOST`, or else the usual socket, leads to, and asks it whether it is there.
 * @throws OsrunError DOCKER_UNAVAILABLE, whose message says why and what to do
 */
export async function findEngine(): Promise<Engine> {
  const address = engineAddress(process.env, existsSync)
  const remote = remoteReason(address)
  if (remote !== undefined) {
    throw new OsrunError('DOCKER_UNAVAILABLE', remote)
  }
  const { default: Docker } = await import('dockerode')
  // dockerode reads the rest of an address on the network, such as its certificates, from the environment.
  const docker = new Docker(/^(unix|npipe):/.test(address) ? { socketPath: address.replace(/^\w+:\/\//, '') } : {})
  const info = await Promise.race([docker.info(), delay(answerDeadline, undefined, { ref: false })]).catch(
    (cause: Error) => {
      throw unavailable(address, cause.message, cause)
    },
  )
  if (info === undefined) {
    throw unavailable(address, `no answer within ${answerDeadline / 1000} s`)
  }
  if (info.OSType !== 'linux') {
    throw unavailable(address, `it runs ${info.OSType} containers, and osrun's is a linux one`)
  }
  const security: unknown = info.SecurityOptions
  const rootless = Array.isArray(security) && security.some((option) => String(option).includes('name=rootless'))
  return { docker, address, rootless }
}

/** Where an engine is to be looked for, as a URL: `unix:///var/run/docker.sock`. */
export function engineAddress(environment: Environment, exists: (path: string) => boolean): string {
  const { DOCKER_HOST, XDG_RUNTIME_DIR } = environment
  if (DOCKER_HOST) {
    return DOCKER_HOST.includes('://') ? DOCKER_HOST : `tcp://${DOCKER_HOST}`
  }
  if (process.platform === 'win32') {
    return 'npipe:////./pipe/docker_engine'
  }
  const system = '/var/run/docker.sock'
  const own = [
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ]
  return `unix://${[system, ...own].find(exists) ?? system}`
}

/** Why an engine at that address cannot serve, or undefined: the cache folder and the port must be this computer's. */
export function remoteReason(address: string): string | undefined {
  const local =
    /^(unix|npipe):/.test(address) || /^(tcp|https?):\/\/(localhost|127(\.\d+){3}|\[::1\])(:|\/|$)/.test(address)
  return local
    ? undefined
    : `The Docker Engine at ${address} is on another computer, which has neither this one's cache folder nor its ` +
        'ports. Run `osrun serve` there and set OSRUN_URL and OSRUN_TOKEN here, or unset DOCKER_HOST.'
}

function unavailable(address: string, why: string, cause?: Error): OsrunError {
  return new OsrunError(
    'DOCKER_UNAVAILABLE',
    `No Docker Engine answers at ${address} (${why}). Start it, or point DOCKER_HOST to one, and check that ` +
      '`docker version` works for this user.',
    { cause },
  )
}
