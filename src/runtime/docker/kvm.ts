import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { User } from './user.ts'

/** What gives a container hardware acceleration. */
export interface KvmDevice {
  readonly path: string
  /** The group that may open it, where the user himself may not. */
  readonly group?: number
}

/** The device that is passed to the container, or why none is. */
export async function findKvm(options: {
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly user: User
  readonly rootless: boolean
  /** Folders with an `accelerator.json`, which says whether the device is of use in this boot of the host. */
  readonly caches: readonly string[]
  readonly path?: string
}): Promise<{ device: KvmDevice } | { device: undefined; why: string | undefined }> {
  const { accel, path = '/dev/kvm' } = options
  if (accel === 'tcg' || accel === 'hvf') {
    return { device: undefined, why: undefined }
  }
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    return { device: undefined, why: `${path} does not exist` }
  }
  const access = options.rootless ? {} : deviceAccess(found, options.user)
  if (access === undefined) {
    return { device: undefined, why: `${path} is closed to user ${options.user.uid}, who the container runs as` }
  }
  if (accel === 'auto') {
    for (const cache of options.caches) {
      if (await saysUnusable(join(cache, 'accelerator.json'))) {
        return { device: undefined, why: `${path} was found not to run guests here` }
      }
    }
  }
  return { device: { path, ...access } }
}

/** How a user comes to open a device: by himself, by one more group, or (undefined) not at all. */
export function deviceAccess(
  device: { readonly uid: number; readonly gid: number; readonly mode: number },
  user: User,
): { group?: number } | undefined {
  const may = (shift: number) => ((device.mode >> shift) & 0o6) === 0o6
  if (user.uid === device.uid) {
    return may(6) ? {} : undefined
  }
  if (user.gid === device.gid) {
    return may(3) ? {} : undefined
  }
  if (may(0)) {
    return {}
  }
  return may(3) ? { group: device.gid } : undefined
}

// Best effort: the server probes for itself what it is given.
async function saysUnusable(path: string): Promise<boolean> {
  try {
    const kept: { works?: unknown; key?: { boot?: unknown } } = JSON.parse(await readFile(path, 'utf8'))
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return kept.works === false && kept.key?.boot === boot
  } catch {
    return false
  }
}
