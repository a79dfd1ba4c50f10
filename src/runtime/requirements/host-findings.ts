import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { arch, availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { findGuest } from '../../guests/guest.ts'
import { defaultCapacity } from '../../machines/capacity.ts'
import { formatBytes } from '../../snapshots/room.ts'
import { isAtLeast } from './check.ts'
import { readRelease } from './os-release.ts'

/** One thing that `osrun doctor` looked at. */
export interface Finding {
  /** `missing`: in the way of running guests. `note`: worth knowing. */
  readonly mark: 'ok' | 'missing' | 'note'
  readonly what: string
  readonly detail: string
  /** The next step to take, where there is one. */
  readonly todo?: string
}

/** Platform, Node, cache folder, cores and memory. */
export async function hostFindings(cache: string): Promise<Finding[]> {
  return [await platformFinding(), nodeFinding(process.versions.node), await cacheFinding(cache), capacityFinding()]
}

async function platformFinding(): Promise<Finding> {
  const release = await readRelease()
  const detail = `${process.platform} ${arch()}${release === undefined ? '' : `, ${release.name}`}`
  return process.platform === 'linux' || process.platform === 'darwin'
    ? { mark: 'ok', what: 'platform', detail }
    : { mark: 'note', what: 'platform', detail, todo: 'Start a Docker Engine: QEMU on the host is for Linux and macOS' }
}

const oldestNode = '22.22'

/** Whether this version of Node runs osrun. */
export function nodeFinding(version: string): Finding {
  return isAtLeast(version, oldestNode)
    ? { mark: 'ok', what: 'Node', detail: version }
    : { mark: 'missing', what: 'Node', detail: version, todo: `Install Node ${oldestNode} or newer` }
}

/** A guest while it is built, and its first snapshot. */
const cacheRoom = 8 * 2 ** 30

/** By the numbers that Linux has for them. */
const fileSystems: ReadonlyMap<number, { readonly name: string; readonly distant?: boolean }> = new Map([
  [0xef53, { name: 'ext4' }],
  [0x9123_683e, { name: 'btrfs' }],
  [0x5846_5342, { name: 'xfs' }],
  [0x2fc1_2fc1, { name: 'zfs' }],
  [0x0102_1994, { name: 'tmpfs' }],
  [0x794c_7630, { name: 'overlay' }],
  [0x6969, { name: 'nfs', distant: true }],
  [0xff53_4d42, { name: 'cifs', distant: true }],
  [0xfe53_4d42, { name: 'smb2', distant: true }],
  [0x0102_1997, { name: '9p', distant: true }],
  [0x6573_5546, { name: 'fuse', distant: true }],
])

/** Whether the folder, or the one it will be made in, can be written and has room. */
export async function cacheFinding(cache: string): Promise<Finding> {
  const what = 'cache'
  const other = 'or choose another folder with OSRUN_CACHE'
  const folder = await nearestFolder(cache)
  try {
    await access(folder, constants.W_OK | constants.X_OK)
    const { bavail, bsize, type } = await statfs(folder)
    const fileSystem = fileSystems.get(type)
    const free = `${formatBytes(bavail * bsize)} free`
    const detail = `${cache}, ${free}${fileSystem === undefined ? '' : ` (${fileSystem.name})`}`
    if (fileSystem?.distant) {
      const todo = `Machines read and map their files all the time: take a disk of this computer, ${other}`
      return { mark: 'note', what, detail, todo }
    }
    return bavail * bsize >= cacheRoom
      ? { mark: 'ok', what, detail }
      : { mark: 'note', what, detail, todo: `The first run needs ${formatBytes(cacheRoom)}: free some room, ${other}` }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { mark: 'missing', what, detail: `${cache} cannot be written (${reason})`, todo: `Make it yours, ${other}` }
  }
}

/** The folder itself, or the one above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  return there || dirname(path) === path ? path : nearestFolder(dirname(path))
}

function capacityFinding(): Finding {
  const cores = availableParallelism()
  // A container may have less than the host has; 0 and numbers beyond the host's mean that it has not.
  const limit = process.constrainedMemory()
  const memoryBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  const guest = findGuest('wine')
  const machines = defaultCapacity({ cores, memoryBytes }, guest.memoryMiB)
  const detail =
    `${cores} ${cores === 1 ? 'core' : 'cores'}, ${formatBytes(memoryBytes)}: ` +
    `up to ${machines} ${machines === 1 ? 'machine' : 'machines'} of guest ${guest.name} at once`
  return memoryBytes >= (guest.memoryMiB + 1024) * 2 ** 20
    ? { mark: 'ok', what: 'capacity', detail }
    : { mark: 'note', what: 'capacity', detail, todo: `Give osrun ${guest.memoryMiB + 1024} MiB of memory or more` }
}
