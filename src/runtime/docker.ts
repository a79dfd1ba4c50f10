import { randomBytes } from 'node:crypto'
import { chown, rm, writeFile } from 'node:fs/promises'
import { hostname, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { isOsrunError } from '../protocol/errors.ts'
import { startContainer } from './docker/container.ts'
import { planContainer } from './docker/container-plan.ts'
import { readContext } from './docker/context.ts'
import { findEngine } from './docker/engine.ts'
import { ensureImage } from './docker/image.ts'
import { findKvm } from './docker/kvm.ts'
import { removeOrphans } from './docker/orphans.ts'
import { startReaper } from './docker/reaper.ts'
import { checkTestcontainers } from './docker/same-engine.ts'
import { hostUser, prepareFolder, serverUser, type User } from './docker/user.ts'
import type { RunningServer, Runtime, RuntimeOptions } from './runtime.ts'

/** Runs the machine room in a container of a local Docker Engine, from an image that is built when it is missing. */
export const docker: Runtime = dockerRuntime()

/** @param packageFolder the build context; this package's own folder when left out */
export function dockerRuntime(packageFolder?: string): Runtime {
  return {
    name: 'docker',
    async unavailable() {
      try {
        await findEngine()
        return undefined
      } catch (error) {
        return isOsrunError(error) ? error.message : String(error)
      }
    },
    start: (options) => start(options, packageFolder),
  }
}

async function start(options: RuntimeOptions, packageFolder?: string): Promise<RunningServer> {
  const engine = await findEngine()
  await checkTestcontainers(engine)
  const owner = { pid: process.pid, host: hostname() }
  await removeOrphans(engine.docker, owner.host)
  // A folder of its own: a host's server runs another QEMU as another user.
  const folder = join(resolve(options.cache), 'docker')
  const { inside: user, outside } = serverUser(hostUser(), engine.rootless)
  await prepareFolder(folder, outside)
  const kvm = await findKvm({ ...options, user, rootless: engine.rootless, caches: [folder, options.cache] })

  const context = await readContext(packageFolder)
  const [, reaper] = await Promise.all([ensureImage(engine, context, options), startReaper(engine.docker)])

  const run = randomBytes(6).toString('hex')
  const token = randomBytes(32).toString('hex')
  const tokenFile = `.token-${run}`
  await writeToken(join(folder, tokenFile), token, outside)
  try {
    options.onProgress({ phase: 'server: starting the container' })
    const plan = planContainer({ run, owner, folder, tokenFile, user, kvm, memoryBytes: totalmem(), options })
    const { port, stop } = await startContainer({ ...options, docker: engine.docker, image: context.tag, plan, reaper })
    return { url: `ws://127.0.0.1:${port}`, token, runtime: 'docker', stop, [Symbol.asyncDispose]: stop }
  } finally {
    await rm(join(folder, tokenFile), { force: true })
  }
}

// In a file, as the environment and the arguments of a container stand in its description.
async function writeToken(path: string, token: string, owner: User | undefined): Promise<void> {
  await writeFile(path, `${token}\n`, { mode: 0o600, flag: 'wx' })
  if (owner !== undefined && owner.uid !== hostUser()?.uid) {
    await chown(path, owner.uid, owner.gid)
  }
}
