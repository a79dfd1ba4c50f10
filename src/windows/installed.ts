import { readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { GuestFiles } from '../guests/definition.ts'
import { guestFileNames, readGuestId } from '../guests/guest-id.ts'
import { checkJson } from '../protocol/check-json.ts'
import { sameEdition, sameName } from './edition.ts'
import type { InstalledWishes } from './installed-wishes.ts'
import type { WindowsChoice } from './settings.ts'

const noteName = 'windows.json'
const note = v.object({
  edition: v.string(),
  language: v.string(),
  architecture: v.picklist(['x64', 'arm64']),
  profile: v.picklist(['slim', 'stock']),
  /** Before there was a choice it was a BIOS. */
  firmware: v.optional(v.picklist(['bios', 'uefi']), 'bios'),
  tpm: v.optional(v.picklist(['none', '2.0']), 'none'),
  /** What it was seen to start on. */
  devices: v.optional(v.picklist(['inbox', 'virtio']), 'inbox'),
  build: v.string(),
  /** Where the medium came from. */
  provenance: v.object({ source: v.string(), from: v.string(), sha256: v.string() }),
  /** Names and the like, as `noteWishes` has them. */
  wishes: v.optional(v.record(v.string(), v.string()), {}),
})
/** What was installed, and from what. */
export type InstalledNote = v.InferOutput<typeof note>

/** Windows that was installed. */
export interface InstalledWindows {
  readonly files: GuestFiles
  readonly note: InstalledNote
}

const current = 'current'

/** The Windows in use as a guest, where its files lie in `parent`; undefined where none was installed. */
export async function findInstalled(parent: string): Promise<InstalledWindows | undefined> {
  const name = await readlink(join(parent, current)).catch(() => undefined)
  if (name === undefined || !/^[0-9a-f]{16}$/.test(name)) {
    return undefined
  }
  const folder = join(parent, name)
  const found = checkJson(note, await readFile(join(folder, noteName), 'utf8').catch(() => ''))
  const id = await readGuestId(folder).catch(() => undefined)
  return found && id !== undefined ? { note: found, files: { ...filesIn(folder, found), id } } : undefined
}

function filesIn(folder: string, { firmware: kind, tpm: chip, devices }: InstalledNote): Omit<GuestFiles, 'id'> {
  const { disk, firmware, variables, tpm } = guestFileNames
  return {
    disk: join(folder, disk),
    ...(kind === 'uefi' && { firmware: join(folder, firmware), variables: join(folder, variables) }),
    ...(chip === '2.0' && { tpm: join(folder, tpm) }),
    ...(devices === 'virtio' && { devices }),
  }
}

/** Writes beside a guest's files what they are. */
export async function writeNote(folder: string, what: InstalledNote): Promise<void> {
  await writeFile(join(folder, noteName), `${JSON.stringify(what, undefined, 2)}\n`)
}

/** From now on the Windows in that folder of `parent` is the one in use. */
export async function makeCurrent(parent: string, name: string): Promise<void> {
  const draft = join(parent, '.current')
  await rm(draft, { force: true })
  await symlink(name, draft)
  await rename(draft, join(parent, current))
}

/** What of a choice the installed Windows is not; empty where it is what was chosen. */
export function differences(
  { note: installed }: InstalledWindows,
  { wishes = {}, ...choice }: Partial<WindowsChoice> & { wishes?: InstalledWishes },
): string[] {
  const there: InstalledWishes = { ...installed.wishes, ...facts(installed) }
  return Object.entries({ ...choice, ...wishes }).flatMap(([key, wanted]) => {
    const same = key === 'edition' ? sameEdition : sameName
    return same(wanted, there[key] ?? '')
      ? []
      : [`${key} ${wanted}, and ${there[key] ?? 'none that is known'} is there`]
  })
}

function facts({ edition, language, profile, architecture, firmware, tpm }: InstalledNote): InstalledWishes {
  return { edition, language, profile, architecture, firmware, tpm }
}
