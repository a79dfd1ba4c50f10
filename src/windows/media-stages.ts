import { findAgent } from '../guests/recipe.ts'
import { acquire } from './acquire/acquire.ts'
import { type WindowsGuest, windowsGuests } from './install/guest.ts'
import type { MediaStages } from './install-windows.ts'
import { buildMedia, mediaInputs } from './media/build-media.ts'
import { mediaKey } from './media/key.ts'
import type { WindowsChoice } from './settings.ts'

/** How Windows is got, and what a machine installs it from. */
export const mediaStages: MediaStages = {
  acquireKey: ({ edition, language, architecture }, { iso, sha256 }) =>
    iso === undefined ? ['sources', edition, language, architecture] : ['own', iso, sha256 ?? null],
  acquire: ({ guest, choice, media: { iso, sha256 }, downloads, onProgress, signal }) =>
    acquire(
      { product: asGuest(guest), ...wantedOf(choice) },
      { folder: downloads, onProgress, signal, ...(iso !== undefined && { medium: { from: iso, sha256 } }) },
    ),
  async buildKey(guest, choice) {
    return mediaKey(await mediaInputs(inputsOf(guest, choice)))
  },
  build: ({ guest, choice, medium, folder, onProgress, signal }) =>
    buildMedia({ ...inputsOf(guest, choice), medium, folder, onProgress, signal }),
}

function inputsOf(guest: string, choice: WindowsChoice) {
  return { wanted: wantedOf(choice), guest: asGuest(guest), profile: choice.profile, agentExe: findAgent() }
}

function wantedOf({ edition, language, architecture }: WindowsChoice) {
  return { edition, language, architecture }
}

function asGuest(guest: string): WindowsGuest {
  if (!Object.hasOwn(windowsGuests, guest)) {
    throw new Error(`${guest} is no Windows that can be installed`)
  }
  return guest as WindowsGuest
}
