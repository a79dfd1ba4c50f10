import * as v from 'valibot'
import { recipeTrace } from '../protocol/messages.ts'

const file = v.object({ name: v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/)), size: v.number() })

const manifest = v.object({
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
  memoryMiB: v.number(),
  /** Memory begins at `offset`, 0 by default. */
  ram: v.object({ ...file.entries, offset: v.optional(v.number()) }),
  state: file,
  /** An empty overlay over the top layer, which machines copy. */
  overlay: file,
  /** Disk layers above the guest's own disk, top first; all lie in the snapshot's folder. */
  layers: v.array(file),
})
/** What a snapshot's folder holds; written last, so a folder with a manifest is whole. */
export type Manifest = v.InferOutput<typeof manifest>

export const manifestName = 'manifest.json'

/** The manifest in `text`, or undefined where it is none. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const parsed = v.safeParse(manifest, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
