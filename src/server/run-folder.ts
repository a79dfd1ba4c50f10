import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { MachinePlace } from '../machines/machine.ts'
import { tryLock } from '../snapshots/lock.ts'

/** Where the machines of one server have their files. */
export interface RunFolder {
  /** A place for one more machine. */
  place(): MachinePlace
  /** Removes all of it. Safe to call twice. */
  remove(): Promise<void>
}

/** Makes a run folder in the cache, and removes those of servers that were killed. */
export async function openRunFolder(cache: string): Promise<RunFolder> {
  const runs = join(cache, 'runs')
  await mkdir(runs, { recursive: true, mode: 0o700 })
  await removeDeadRuns(runs)
  const id = randomBytes(6).toString('hex')
  const folder = join(runs, id)
  // The lock says that this server lives; the kernel lets go of it however the server ends.
  const unlock = await tryLock(lockPath(runs, id))
  await mkdir(folder, { mode: 0o700 })
  // A unix socket's path has at most 107 characters, which a cache folder may exceed.
  const socketFolder = await mkdtemp(join(tmpdir(), socketPrefix))
  await symlink(socketFolder, join(folder, socketLink))
  let count = 0
  return {
    place() {
      count += 1
      const name = `m${count}`
      return { name, folder: join(folder, name), socketFolder }
    },
    async remove() {
      await rm(folder, { recursive: true, force: true })
      await rm(socketFolder, { recursive: true, force: true })
      await unlock?.()
      await rm(lockPath(runs, id), { force: true })
    },
  }
}

const socketPrefix = 'osrun-'
/** In the run folder: leads whoever removes it to the sockets. */
const socketLink = 'sockets'

async function removeSocketFolder(link: string): Promise<void> {
  const folder = await readlink(link).catch(() => '')
  if (dirname(folder) === tmpdir() && basename(folder).startsWith(socketPrefix)) {
    await rm(folder, { recursive: true, force: true })
  }
}

function lockPath(runs: string, id: string): string {
  return join(runs, `${id}.lock`)
}

async function removeDeadRuns(runs: string): Promise<void> {
  const names = await readdir(runs)
  for (const id of names.filter((name) => /^[0-9a-f]{12}$/.test(name))) {
    const unlock = await tryLock(lockPath(runs, id))
    if (unlock !== undefined) {
      await removeSocketFolder(join(runs, id, socketLink))
      await rm(join(runs, id), { recursive: true, force: true })
      await unlock()
      await rm(lockPath(runs, id), { force: true })
    }
  }
}
