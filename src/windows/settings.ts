import type { MediaOptions } from '../protocol/media-options.ts'
import type { Wanted } from './medium.ts'
import { isWindowsGuest, windowsGuests } from './windows-guests.ts'

/** What is to be installed. */
export interface WindowsChoice extends Wanted {
  readonly profile: 'slim' | 'stock'
  readonly firmware: 'bios' | 'uefi'
  readonly tpm: 'none' | '2.0'
}

/** What is to be installed as `guest`, with these options. */
export function chooseWindows(
  guest: string,
  { edition, language, profile, firmware, tpm }: MediaOptions = {},
): WindowsChoice {
  return {
    edition: edition ?? (isWindowsGuest(guest) ? windowsGuests[guest].edition : 'Professional'),
    language: (language ?? 'en-us').toLowerCase(),
    architecture: 'x64',
    profile: profile ?? 'slim',
    firmware: firmware ?? 'bios',
    tpm: tpm ? '2.0' : 'none',
  }
}
