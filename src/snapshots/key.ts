import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkJson } from '../protocol/check-json.ts'

export const keyPartsSchema = v.object({
  /** The store's own format; raised when an older reader would misunderstand a newer snapshot. */
  format: v.number(),
  /** Hash of the guest's disk, kernel and initrd. */
  guestId: v.string(),
  /** QEMU's full version line: Debian's revisions count, since device state may change with a patch. */
  qemuVersion: v.string(),
  /** Of the host where the model is the host's own, otherwise empty. */
  hostCpu: v.string(),
  shape: v.object({
    machineType: v.string(),
    accelerator: v.picklist(['kvm', 'hvf', 'tcg']),
    cpuModel: v.string(),
    cpus: v.number(),
    memoryMiB: v.number(),
    screen: v.object({ width: v.number(), height: v.number() }),
    /** Empty where the firmware starts what is on the disk. */
    kernelCommandLine: v.string(),
    devices: v.optional(v.picklist(['virtio', 'inbox', 'both'])),
    /** Nothing for a BIOS. */
    firmware: v.optional(v.literal('uefi')),
    /** Nothing where there is none. */
    tpm: v.optional(v.literal('2.0')),
  }),
})
/** All that a snapshot's memory and device state depend on. Two hosts that agree on it can share snapshots. */
export type KeyParts = v.InferOutput<typeof keyPartsSchema>

export const storeFormat = 1

/** The snapshot key: 16 hexadecimal characters. */
export function snapshotKey(parts: KeyParts): string {
  return createHash('sha256').update(canonical(parts)).digest('hex').slice(0, 16)
}

const keyNoteSchema = v.object({ ...keyPartsSchema.entries, inImage: v.optional(v.boolean()) })
type KeyNote = v.InferOutput<typeof keyNoteSchema>

const partsName = '.key.json'

/**
 * Says in a key's folder what the key was made of, which the key itself does not tell.
 * @param inImage whether a machine room in a container of our image has this key, whose QEMU is another than its host's
 */
export async function writeKeyParts(folder: string, parts: KeyParts, inImage = false): Promise<void> {
  if ((await readKeyNote(folder, snapshotKey(parts))) === undefined) {
    await mkdir(folder, { recursive: true })
    const note: KeyNote = { ...parts, inImage }
    await writeFile(join(folder, partsName), `${JSON.stringify(note, undefined, 2)}\n`)
  }
}

/** What stands in this key's folder, or undefined where that is nothing that the key bears out. */
export async function readKeyNote(
  folder: string,
  key: string,
): Promise<{ parts: KeyParts; inImage: boolean } | undefined> {
  const note = checkJson(keyNoteSchema, await readFile(join(folder, partsName), 'utf8').catch(() => ''))
  if (note === undefined) {
    return undefined
  }
  const { inImage = false, ...parts } = note
  return snapshotKey(parts) === key ? { parts, inImage } : undefined
}

// Keys in alphabetical order, so that the order in which the code names them does not matter.
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`
  }
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${canonical(entry)}`).join(',')}}`
}
