import { setTimeout as delay } from 'node:timers/promises'
import type Dockerode from 'dockerode'

/** The image that testcontainers 12 takes when nothing else is said. */
const defaultImage = 'testcontainers/ryuk:0.14.0'
const pullDeadline = 8_000
const startDeadline = 20_000

/**
 * Starts the reaper, a container that removes ours when this process ends, or joins the one that runs. False where it
 * cannot be had: it is a second net, the server ends by itself too. Never rejects.
 */
export async function startReaper(docker: Dockerode, environment: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (environment.TESTCONTAINERS_RYUK_DISABLED === 'true') {
    return false
  }
  if (!(await haveImage(docker, environment.RYUK_CONTAINER_IMAGE ?? defaultImage))) {
    return false
  }
  const { getContainerRuntimeClient, getReaper } = await import('testcontainers')
  const started = getContainerRuntimeClient()
    .then(getReaper)
    .then(() => true)
    .catch(() => false)
  return Promise.race([started, delay(startDeadline, false, { ref: false })])
}

async function haveImage(docker: Dockerode, name: string): Promise<boolean> {
  const present = await docker
    .getImage(name)
    .inspect()
    .then(() => true)
    .catch(() => false)
  return present || pull(docker, name).catch(() => false)
}

async function pull(docker: Dockerode, name: string): Promise<boolean> {
  const abortSignal = AbortSignal.timeout(pullDeadline)
  const stream = await docker.pull(name, { abortSignal })
  return new Promise((resolve) => docker.modem.followProgress(stream, (error) => resolve(error === null)))
}
