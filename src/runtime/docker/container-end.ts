import { setTimeout as delay } from 'node:timers/promises'
import type Dockerode from 'dockerode'

/** Seconds that the server has to put its machines away. */
const stopSeconds = 10
const removeDeadline = 20_000

/** Ends a container with SIGTERM, or SIGKILL after a while; resolves when it is removed. Never rejects. */
export async function stopContainer(docker: Dockerode, id: string): Promise<void> {
  const limit = { t: stopSeconds, abortSignal: AbortSignal.timeout(stopSeconds * 1000 + removeDeadline) }
  // It may have ended by itself, and been removed.
  await docker
    .getContainer(id)
    .stop(limit)
    .catch(() => {})
  if (!(await waitUntilRemoved(docker, id))) {
    await removeContainer(docker, id)
  }
}

/** Ends and removes a container, whatever it does; one that is gone is no error. Never rejects. */
export async function removeContainer(docker: Dockerode, id: string): Promise<void> {
  await docker
    .getContainer(id)
    .remove({ force: true, v: true })
    .catch(() => {})
  await waitUntilRemoved(docker, id)
}

/** The engine removes it by itself; false where it has not within the deadline. */
async function waitUntilRemoved(docker: Dockerode, id: string): Promise<boolean> {
  const deadline = performance.now() + removeDeadline
  while (performance.now() < deadline) {
    const gone = await docker
      .getContainer(id)
      .inspect()
      .then(() => false)
      .catch((error: { statusCode?: number }) => error.statusCode === 404)
    if (gone) {
      return true
    }
    await delay(100)
  }
  return false
}
