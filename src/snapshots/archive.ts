import * as v from 'valibot'
import { isName } from '../protocol/names.ts'
import { keyPartsSchema, snapshotKey } from './key.ts'
import { filesOf, holdsMemory, manifestSchema } from './manifest.ts'

// An exported snapshot is one tar in one zstd frame, which tar and zstd of any system unpack: first the description, then
// the guest's files if they were asked for, then the snapshot's, last the digests in the form of sha256sum. Holes are
// written as the zeros they are read as: zstd makes next to nothing of them, and who imports makes holes of all zeros.

/** Name of the entry with the description, the first one. */
export const descriptionName = 'snapshot.json'
/** Name of the entry with the digests, the last one. */
export const digestsName = 'SHA256SUMS'
/** Entries of the guest's files begin with it. */
export const guestFolder = 'guest/'

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(2 ** 44))

const description = v.pipe(
  v.object({
    archive: v.literal(1),
    /** What the snapshot's key was made of, first of all the build of the guest. */
    parts: keyPartsSchema,
    /** Which recipe of osrun makes such a guest. */
    recipe: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/))),
    /** Sizes of the guest's files, where the archive has them. */
    guestFiles: v.optional(
      v.object({
        ...{ disk: size, kernel: v.optional(size), initrd: v.optional(size) },
        ...{ firmware: v.optional(size), variables: v.optional(size), tpm: v.optional(size) },
      }),
    ),
    manifest: manifestSchema,
    /** Bytes that the files take on a disk, at most. */
    room: size,
  }),
  v.check(({ manifest }) => isName(manifest.guest) && isName(manifest.name), 'names'),
  v.check(({ manifest, parts }) => snapshotKey(parts) === manifest.key, 'the key and its parts'),
  v.check(({ manifest, parts }) => manifest.memoryMiB === parts.shape.memoryMiB && holdsMemory(manifest), 'the memory'),
  v.check(({ manifest }) => filesOf(manifest).length <= mostFiles, 'the number of files'),
  v.check(({ manifest }) => new Set(filesOf(manifest).map(({ name }) => name)).size === filesOf(manifest).length),
  v.check(({ manifest }) => filesOf(manifest).every((file) => file.size <= longest), 'the sizes of the files'),
)
/** What an archive says of itself before anything else. */
export type Description = v.InferOutput<typeof description>

const mostFiles = 100
const longest = 2 ** 44
/** Most bytes of the description and of the digests. */
export const longestText = 2 ** 20

/** The description in `text`, or what is wrong with it. */
export function parseDescription(text: string): Description | string {
  try {
    const parsed = v.safeParse(description, JSON.parse(text))
    return parsed.success ? parsed.output : `${v.getDotPath(parsed.issues[0]) ?? ''} ${parsed.issues[0].message}`.trim()
  } catch {
    return `it is no JSON: ${text.slice(0, 40)}`
  }
}

/** Digests by file name, as sha256sum writes them. */
export function formatDigests(digests: ReadonlyMap<string, string>): string {
  return [...digests].map(([name, sha256]) => `${sha256}  ${name}\n`).join('')
}

/** What `formatDigests` wrote; lines of another form are left out. */
export function parseDigests(text: string): Map<string, string> {
  const lines = text.matchAll(/^([0-9a-f]{64}) {2}([\w./-]+)$/gm)
  return new Map([...lines].map(([, sha256 = '', name = '']) => [name, sha256]))
}
