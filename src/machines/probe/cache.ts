import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Accelerator } from './arguments.ts'
import { guestImage } from './guest.ts'

/** All that an answer depends on: this boot of the host, this QEMU, the device's permissions and the guest itself. */
export interface AnswerKey {
  accelerator: Accelerator
  boot: string
  qemu: { path: string; size: number; mtimeMs: number }
  device: string
  guest: string
}

/** What the guest has shown about an accelerator. */
export interface Answer {
  works: boolean
  reason: string
}

/** The key of an answer, or `undefined` where there is no such QEMU. */
export async function answerKey(options: {
  accelerator: Accelerator
  qemu: string
  device: string | undefined
}): Promise<AnswerKey | undefined> {
  const { accelerator, qemu, device } = options
  const program = await stat(qemu).catch(() => undefined)
  if (program === undefined) {
    return undefined
  }
  return {
    accelerator,
    boot: await bootOfHost(),
    qemu: { path: qemu, size: program.size, mtimeMs: program.mtimeMs },
    device: device === undefined ? 'none' : await permissionsOf(device),
    guest: createHash('sha256').update(guestImage).digest('hex').slice(0, 16),
  }
}

/** The answer kept for this very key; one that cannot be read, or of another key, does not exist. */
export async function readAnswer(cacheFolder: string, key: AnswerKey): Promise<Answer | undefined> {
  try {
    const kept: unknown = JSON.parse(await readFile(pathIn(cacheFolder), 'utf8'))
    return isKept(kept) && isDeepStrictEqual(kept.key, key) ? { works: kept.works, reason: kept.reason } : undefined
  } catch {
    return undefined
  }
}

/** Keeps the answer. A folder that cannot be written costs a probe at the next start, and nothing else. */
export function writeAnswer(cacheFolder: string, key: AnswerKey, answer: Answer): Promise<void> {
  return keep(cacheFolder, pathIn(cacheFolder), { key, ...answer })
}

/** Writes what a probe has shown into a file of the cache folder, or leaves the file as it was. */
export async function keep(cacheFolder: string, path: string, found: object): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    await mkdir(cacheFolder, { recursive: true })
    await writeFile(draft, `${JSON.stringify(found, undefined, 2)}\n`, { flag: 'wx' })
    await rename(draft, path)
  } catch {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

function pathIn(cacheFolder: string): string {
  return join(cacheFolder, 'accelerator.json')
}

function isKept(value: unknown): value is Answer & { key: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    'works' in value &&
    typeof value.works === 'boolean' &&
    'reason' in value &&
    typeof value.reason === 'string'
  )
}

async function bootOfHost(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  // The computed time of the boot moves by a second or two; a minute that differs costs one more probe.
  return id.trim() || `minute ${Math.round((Date.now() / 1000 - uptime()) / 60)}`
}

async function permissionsOf(device: string): Promise<string> {
  const found = await stat(device).catch(() => undefined)
  return found === undefined ? 'missing' : `${device} ${found.uid}:${found.gid} ${(found.mode & 0o777).toString(8)}`
}
