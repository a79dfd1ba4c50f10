import { createHash } from 'node:crypto'
import type { WindowsWishes } from '../../protocol/windows-wishes.ts'
import type { Scripts } from '../install/init-folder.ts'
import type { Provenance, Wanted } from '../medium.ts'
import type { Profile, WindowsGuest } from '../windows-guests.ts'

/** All that the media of an installation depend on. */
export interface MediaInputs {
  /** Undefined where what the key is for has the medium's own key beside it. */
  readonly provenance: Provenance | undefined
  readonly wanted: Wanted
  readonly guest: WindowsGuest
  readonly profile: Profile
  readonly firmware?: 'bios' | 'uefi' | undefined
  readonly wishes: WindowsWishes
  readonly scripts: Scripts
  /** The agent, the user's own steps, the drivers: path on the medium and SHA-256 in hexadecimal. */
  readonly additions: readonly { readonly path: string; readonly sha256: string }[]
}

// Raised when the builder makes other media of the same inputs.
const builder = 1

/**
 * The hash of all inputs, 16 hexadecimal digits: media with the same key are the same for the installation. Where a
 * medium came from does not matter, only what it holds.
 */
export function mediaKey({
  provenance,
  wanted,
  guest,
  profile,
  firmware,
  wishes,
  scripts,
  additions,
}: MediaInputs): string {
  const sorted = <T>(rows: Iterable<readonly [string, T]>) => [...rows].sort(([one], [other]) => (one < other ? -1 : 1))
  const inputs = [
    builder,
    provenance?.sha256 ?? null,
    [wanted.edition, wanted.language.toLowerCase(), wanted.architecture],
    // Media that were asked for by BIOS may lack what UEFI starts.
    [guest, profile, ...(firmware === 'uefi' ? [firmware] : [])],
    sorted(Object.entries(wishes).filter(([, value]) => value !== undefined)),
    sorted(scripts),
    sorted(additions.map(({ path, sha256 }) => [path, sha256] as const)),
  ]
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16)
}
