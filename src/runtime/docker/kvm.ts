import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import type { User } from './user.ts'

/** What gives a container hardware acceleration. */
export interface KvmDevice {
  readonly path: string
  /** The group that may open it, where the user himself may not. */
  readonly group?: number
}

/**
 * The device that is passed to the container; with `auto`, undefined where it is of no use, which `onLog` is told.
 * @throws OsrunError ACCELERATOR_UNUSABLE where an accelerator was asked for that a container cannot have
 */
export async function findKvm(options: {
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly user: User
  readonly rootless: boolean
  /** Folders with an `accelerator.json`, which says whether the device is of use in this boot of the host. */
  readonly caches: readonly string[]
  readonly onLog: (line: string) => void
  readonly path?: string
}): Promise<KvmDevice | undefined> {
  const { accel, user, path = '/dev/kvm' } = options
  if (accel === 'tcg') {
    return undefined
  }
  if (accel === 'hvf') {
    throw unusable("HVF is macOS's own, and the container is a Linux one")
  }
  const found = await stat(path).catch(() => undefined)
  const access = found && (options.rootless ? {} : deviceAccess(found, user))
  if (access === undefined) {
    const why = found ? `${path} is closed to user ${user.uid}, who the container runs as` : `${path} does not exist`
    if (accel === 'kvm') {
      throw unusable(why)
    }
    options.onLog(`the container gets no KVM, and runs guests under TCG: ${why}`)
    return undefined
  }
  if (accel === 'auto' && (await anySaysUnusable(options.caches))) {
    options.onLog(`the container gets no KVM, and runs guests under TCG: ${path} was found not to run guests here`)
    return undefined
  }
  return { path, ...access }
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

function unusable(why: string): OsrunError {
  return new OsrunError(
    'ACCELERATOR_UNUSABLE',
    `The container cannot have the accelerator that was asked for: ${why}. Set \`accel: "auto"\`, or ` +
      '`runtime: "host"` to run QEMU on this computer itself.',
  )
}

// Best effort: the server probes for itself what it is given.
async function anySaysUnusable(caches: readonly string[]): Promise<boolean> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const answers = await Promise.all(caches.map((cache) => readAnswer(join(cache, 'accelerator.json'))))
  return answers.some(({ works, key }) => works === false && key?.boot === boot.trim())
}

async function readAnswer(path: string): Promise<{ works?: unknown; key?: { boot?: unknown } }> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) ?? {}
  } catch {
    return {}
  }
}
