import { join } from 'node:path'
import type { GuestFiles } from '../guests/definition.ts'
import { findGuest } from '../guests/guest.ts'
import { lockGuest } from '../guests/lock-guest.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { Progress } from '../protocol/messages.ts'
import { type InstallMeans, installWindows } from './install-windows.ts'
import { differences, findInstalled, type InstalledWindows } from './installed.ts'
import { noteWishes } from './installed-wishes.ts'
import { chooseWindows } from './settings.ts'

/** How to install Windows where it is not there. */
export interface InstallingWindows extends InstallMeans {
  /** Also without hardware acceleration. */
  readonly slow: boolean
}

/**
 * The files of an installed Windows. Installs it where `installing` says how and it is not there, or not as chosen.
 * @throws OsrunError GUEST_NOT_INSTALLED, ACCELERATOR_UNUSABLE, and of `installWindows`
 */
export async function prepareWindows(
  name: string,
  cache: string,
  installing: InstallingWindows | undefined,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<GuestFiles & { built: boolean }> {
  const parent = join(cache, 'guests', name)
  const before = await findInstalled(parent)
  if (installing === undefined) {
    return { ...(before ?? missing(name)).files, built: false }
  }
  if (before !== undefined && (await isAsChosen(before, name, installing.media))) {
    return { ...before.files, built: false }
  }
  const unlock = await lockGuest(cache, name, signal)
  try {
    // Another process may have done it meanwhile.
    const now = await findInstalled(parent)
    if (now !== undefined && (await isAsChosen(now, name, installing.media))) {
      return { ...now.files, built: false }
    }
    const { accelerator, slow } = installing
    if (accelerator === 'tcg' && !slow) {
      throw new OsrunError(
        'ACCELERATOR_UNUSABLE',
        `Expected hardware acceleration (/dev/kvm) to install ${name}: in software it takes many hours, and every ` +
          'command in it ten to twenty times as long. `osrun doctor` says why there is none; `osrun install ' +
          `${name} --slow\` installs it all the same.`,
      )
    }
    const downloads = join(cache, 'downloads')
    await installWindows({ ...installing, guest: findGuest(name), parent, downloads, onProgress, signal })
    const installed = await findInstalled(parent)
    return { ...(installed ?? missing(name)).files, built: true }
  } finally {
    await unlock()
  }
}

/** What nobody chose is as it is; an own medium is only looked at to install from it. */
async function isAsChosen(installed: InstalledWindows, guest: string, media: MediaOptions): Promise<boolean> {
  const isGiven = ([key]: [string, unknown]) => media[key as keyof MediaOptions] !== undefined
  const given = <T extends object>(all: T) => Object.fromEntries(Object.entries(all).filter(isGiven))
  const wishes = await noteWishes(guest, installed.note.language, media)
  return differences(installed, { ...given(chooseWindows(guest, media)), wishes: given(wishes) }).length === 0
}

function missing(name: string): never {
  throw new OsrunError(
    'GUEST_NOT_INSTALLED',
    `Guest ${name} is not installed in this cache: \`osrun install ${name}\` gets it and installs it, which takes ` +
      'half an hour with hardware acceleration. The guest `wine` needs no installation of Windows.',
  )
}
