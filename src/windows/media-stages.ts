import { findAgent } from '../guests/recipe.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import { wishesOf } from '../protocol/windows-wishes.ts'
import { acquire } from './acquire/acquire.ts'
import { installRoom } from './install-needs.ts'
import type { MediaStages } from './install-windows.ts'
import { buildMedia, mediaInputs } from './media/build-media.ts'
import { mediaKey } from './media/key.ts'
import type { WindowsChoice } from './settings.ts'
import { isWindowsGuest, type WindowsGuest } from './windows-guests.ts'

/** How Windows is got, and what a machine installs it from. */
export const mediaStages: MediaStages = {
  room: installRoom,
  acquireKey: ({ edition, language, architecture }, { iso, sha256 }) =>
    iso === undefined ? ['sources', edition, language, architecture] : ['own', iso, sha256 ?? null],
  acquire: ({ guest, choice, media: { iso, sha256 }, downloads, onProgress, signal }) =>
    acquire(
      { product: asGuest(guest), ...wantedOf(choice) },
      { folder: downloads, onProgress, signal, ...(iso !== undefined && { medium: { from: iso, sha256 } }) },
    ),
  async buildKey(guest, choice, media) {
    return mediaKey(await mediaInputs(inputsOf(guest, choice, media)))
  },
  build: ({ guest, choice, media, medium, folder, onProgress, signal }) =>
    buildMedia({ ...inputsOf(guest, choice, media), medium, folder, onProgress, signal }),
}

function inputsOf(guest: string, choice: WindowsChoice, media: MediaOptions) {
  const { profile, firmware } = choice
  return {
    ...{ wanted: wantedOf(choice), guest: asGuest(guest), profile, firmware, wishes: wishesOf(media) },
    ...{ agentExe: findAgent(), own: media.ownSteps, drivers: media.drivers },
    virtioDrivers: media.virtioDrivers,
  }
}

function wantedOf({ edition, language, architecture }: WindowsChoice) {
  return { edition, language, architecture }
}

function asGuest(guest: string): WindowsGuest {
  if (!isWindowsGuest(guest)) {
    throw new Error(`${guest} is no Windows that can be installed`)
  }
  return guest
}
