import { OsrunError } from '../protocol/errors.ts'
import { isWindowsGuest } from '../windows/windows-guests.ts'
import type { Guest } from './definition.ts'
import { realWindows } from './windows.ts'
import { wine } from './wine.ts'

export type { Guest, GuestFiles } from './definition.ts'

const guests: ReadonlyMap<string, Guest> = new Map([wine, ...realWindows].map((guest) => [guest.name, guest]))

/** Names of the guests that can be used. */
export function guestNames(): string[] {
  return [...guests.keys()]
}

/** True for a guest that is installed from media, and not built from a recipe of ours. */
export function isWindows({ name }: Pick<Guest, 'name'>): boolean {
  return isWindowsGuest(name)
}

/** The guest of that name. @throws OsrunError UNKNOWN_GUEST with the names there are */
export function findGuest(name: string): Guest {
  const guest = guests.get(name)
  if (guest === undefined) {
    throw new OsrunError('UNKNOWN_GUEST', `There is no guest "${name}". Guests: ${guestNames().join(', ')}.`)
  }
  return guest
}
