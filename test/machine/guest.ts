import type { Win } from '../../src/client/index.ts'
import { findGuest, isWindows } from '../../src/guests/guest.ts'
import { optionsFromEnvironment } from '../../src/runtime/settings.ts'

/** The guest that the tests run on: OSRUN_GUEST says which. */
export const guest = findGuest(optionsFromEnvironment(process.env).guest ?? 'wine')

/**
 * Whether its programs are Wine's, whatever the guest is called: what stands in for Windows has Wine in it as well. A
 * test that holds for Wine alone, or for Windows alone, asks to be left out by this, with its reason.
 */
export async function hasWine(win: Win): Promise<boolean> {
  return (await win.run(['reg', 'query', 'HKCU\\Software\\Wine'], { reject: false })).exitCode === 0
}

/** Whether it is the system that stands in for Windows: Wine's programs in what is called a Windows. */
export async function standsIn(win: Win): Promise<boolean> {
  return isWindows(guest) && (await hasWine(win))
}
