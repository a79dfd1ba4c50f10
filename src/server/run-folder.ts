import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readlink, rm, statfs, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { MachinePlace } from '../machines/machine.ts'
import { OsrunError } from '../protocol/errors.ts'
import { tryLock } from '../snapshots/lock.ts'

/** Where the machines of one server have their files. */
export interface RunFolder {
  /** A place for one more machine. */
  place(): MachinePlace
  /** Removes all of it. Safe to call twice. */
  remove(): Promise<void>
}

/** Where Linux has a file system in memory for everybody. */
export const memoryDrive = '/dev/shm'

/**
 * Makes a run folder in the cache, and removes those of servers that were killed.
 * @param drive another folder for what the machines write, on a file system in memory
 * @throws OsrunError HOST_INCOMPLETE where that is none
 */
export async function openRunFolder(cache: string, drive?: string): Promise<RunFolder> {
  if (drive !== undefined) {
    await checkInMemory(drive)
  }
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
  const machines = drive === undefined ? folder : await mkdtemp(join(drive, drivePrefix))
  if (drive !== undefined) {
    await symlink(machines, join(folder, driveLink))
  }
  let count = 0
  return {
    place() {
      count += 1
      const name = `m${count}`
      return { name, folder: join(machines, name), socketFolder }
    },
    async remove() {
      await rm(machines, { recursive: true, force: true })
      await rm(socketFolder, { recursive: true, force: true })
      // Last: it leads to the others.
      await rm(folder, { recursive: true, force: true })
      await unlock?.()
      await rm(lockPath(runs, id), { force: true })
    },
  }
}

const socketPrefix = 'osrun-'
const drivePrefix = 'osrun-drive-'
/** In the run folder: lead whoever removes it to what lies elsewhere. */
const socketLink = 'sockets'
const driveLink = 'drive'

async function removeLinked(link: string, parent: string, prefix: string): Promise<void> {
  const folder = await readlink(link).catch(() => '')
  if (dirname(folder) === parent && basename(folder).startsWith(prefix)) {
    await rm(folder, { recursive: true, force: true })
  }
}

const tmpfsType = 0x01021994

async function checkInMemory(drive: string): Promise<void> {
  const found = await statfs(drive).catch(() => undefined)
  if (found?.type !== tmpfsType) {
    throw new OsrunError(
      'HOST_INCOMPLETE',
      `Expected ${drive} to be a file system in memory (tmpfs) for --temp-drive, got ` +
        `${found === undefined ? 'no such folder' : `a file system of type 0x${found.type.toString(16)}`}. Leave the option out here.`,
    )
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
      await removeLinked(join(runs, id, socketLink), tmpdir(), socketPrefix)
      await removeLinked(join(runs, id, driveLink), memoryDrive, drivePrefix)
      await rm(join(runs, id), { recursive: true, force: true })
      await unlock()
      await rm(lockPath(runs, id), { force: true })
    }
  }
}
