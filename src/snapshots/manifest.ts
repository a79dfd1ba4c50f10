import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { failureNote, recipeTrace } from '../protocol/messages.ts'

const file = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Hexadecimal. Known of a snapshot that was imported or sealed; publishing is too quick to read all of it. */
  sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
})
/** One file of a snapshot. */
export type ManifestFile = v.InferOutput<typeof file>

export const manifestSchema = v.object({
  format: v.literal(1),
  guest: v.string(),
  name: v.string(),
  key: v.string(),
  /** Another one for each publication, also under the same name. */
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  /** Undefined for a snapshot that was booted, not made from another. */
  parent: v.optional(v.string()),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  /** What it was built from, where a recipe built it. */
  recipe: v.optional(recipeTrace),
  /** The test that failed in this state, where it was kept for that. */
  failure: v.optional(failureNote),
  memoryMiB: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** Memory begins at `offset`, 0 by default. */
  ram: v.object({ ...file.entries, offset: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))) }),
  state: file,
  /** An empty overlay over the top layer, which machines copy. */
  overlay: file,
  /** Disk layers above the guest's own disk, top first; all lie in the snapshot's folder. */
  layers: v.array(file),
})
/** What a snapshot's folder holds; written last, so a folder with a manifest is whole. */
export type Manifest = v.InferOutput<typeof manifestSchema>

export const manifestName = 'manifest.json'

/** All files of a snapshot, besides its manifest. */
export function filesOf(manifest: Manifest): ManifestFile[] {
  return [manifest.ram, manifest.state, manifest.overlay, ...manifest.layers]
}

/** The text of a manifest's file. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/** The manifest in `text`, or undefined where it is none. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const parsed = v.safeParse(manifestSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** The same manifest with the digests of its files, by their names. */
export function withDigests(manifest: Manifest, digests: ReadonlyMap<string, string>): Manifest {
  const sealed = <T extends ManifestFile>(file: T): T => ({ ...file, sha256: digests.get(file.name) ?? file.sha256 })
  const { ram, state, overlay, layers } = manifest
  const files = { ram: sealed(ram), state: sealed(state), overlay: sealed(overlay), layers: layers.map(sealed) }
  return { ...manifest, ...files }
}

/** True where `ram` is long enough to hold the guest's memory. */
export function holdsMemory({ ram, memoryMiB }: Manifest): boolean {
  return (ram.offset ?? 0) + memoryMiB * 2 ** 20 <= ram.size
}

/** The files in `folder` that are missing or have another size than the manifest says, a line for each. */
export async function sizeProblems(folder: string, manifest: Manifest): Promise<string[]> {
  const found = await Promise.all(
    filesOf(manifest).map(async ({ name, size }) => {
      const file = await stat(join(folder, name)).catch(() => undefined)
      return file?.size === size ? undefined : `${name} has ${file?.size ?? 'no'} bytes in place of ${size}`
    }),
  )
  return found.filter((problem) => problem !== undefined)
}
