import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { guestIdOf, writeGuestId } from '../../guests/guest-id.ts'
import { lockGuest } from '../../guests/lock-guest.ts'
import { guestFolder, removeDeadDrafts } from '../../guests/prepare.ts'
import { findRecipe } from '../../guests/recipe.ts'
import { OsrunError } from '../../protocol/errors.ts'
import type { Description } from '../../snapshots/archive.ts'
import { type GuestDraft, importSnapshot } from '../../snapshots/import.ts'
import { interruptible, type Output } from './output.ts'
import { type CacheOptions, ThisHost } from './this-host.ts'

/** Options of `osrun snapshots import`. */
export interface ImportOptions extends CacheOptions, Output {
  /** Another name for the snapshot. */
  readonly name?: string | undefined
  /** Replaces a snapshot of that name. */
  readonly replace?: boolean
  /** Where `-` reads from. */
  readonly stdin?: Readable
}

/** Takes a snapshot out of a file that `export` wrote; `-` is stdin. @returns the exit code */
export async function importFrom(file: string, options: ImportOptions): Promise<number> {
  const { cache, name, replace = false, stderr = process.stderr } = options
  const { manifest } = await interruptible(async (signal) =>
    importSnapshot({
      ...{ cache, name, replace, signal },
      archive: await openArchive(file, options),
      from: file === '-' ? 'stdin' : file,
      admit: async (description) => admit(description, options, signal),
    }),
  )
  stderr.write(`Imported ${manifest.guest}/${manifest.name}\n`)
  return 0
}

async function openArchive(file: string, { stdin = process.stdin }: ImportOptions): Promise<Readable> {
  if (file === '-') {
    return stdin
  }
  try {
    return (await open(file, 'r')).createReadStream({ highWaterMark: 2 ** 20 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('HOST_FILE_FAILED', `${file} cannot be read: ${why}`, { cause })
  }
}

/** Says whether this host can use the snapshot. @returns where its guest goes, where none is installed */
async function admit(description: Description, options: ImportOptions, signal: AbortSignal) {
  const { manifest, parts, recipe, guestFiles } = description
  const host = await ThisHost.look(options)
  const isHere = await host.hasGuest(manifest.guest)
  const brings = !isHere && guestFiles !== undefined && (await isRecipeOf(manifest.guest, recipe, options))
  const { fits, reasons } = await host.fit(manifest.guest, parts, brings ? parts.guestId : undefined)
  if (fits !== true) {
    throw unusable(description, reasons, isHere)
  }
  return brings ? draftGuest(manifest.guest, parts.guestId, options, signal) : undefined
}

async function isRecipeOf(guest: string, recipe: string | undefined, { guestFiles }: ImportOptions): Promise<boolean> {
  return guestFiles === undefined && recipe === (await findRecipe(guest)).id
}

function unusable({ manifest, parts, guestFiles }: Description, reasons: readonly string[], isHere: boolean) {
  const needsGuest = guestFiles === undefined ? ' The archive has no guest: see `export --with-guest`.' : ''
  const hint = isHere
    ? ` A snapshot needs the very build of its guest (${parts.guestId}); another cache folder can hold that one: --cache.`
    : needsGuest
  return new OsrunError(
    'SNAPSHOT_UNUSABLE',
    `Snapshot "${manifest.name}" of guest ${manifest.guest} cannot be used on this host: ${reasons.join('; ')}.${hint}`,
  )
}

/** A place for the archive's guest, held against others who build it. */
async function draftGuest(
  guest: string,
  guestId: string,
  { cache }: ImportOptions,
  signal: AbortSignal,
): Promise<GuestDraft> {
  const target = guestFolder(cache, guest, await findRecipe(guest))
  const unlock = await lockGuest(cache, guest, signal)
  await mkdir(dirname(target), { recursive: true })
  await removeDeadDrafts(dirname(target))
  const folder = await mkdtemp(join(dirname(target), '.draft-'))
  return {
    folder,
    publish: async (digests) => {
      if (guestIdOf(digests) !== guestId) {
        throw new OsrunError('SNAPSHOT_DAMAGED', `The archive's guest is not build ${guestId}. Export it again.`)
      }
      if (!existsSync(target)) {
        await writeGuestId(folder)
        await rename(folder, target)
      }
    },
    discard: async () => {
      await rm(folder, { recursive: true, force: true })
      await unlock()
    },
  }
}
