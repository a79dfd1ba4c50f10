import { findGuest } from '../../src/guests/guest.ts'
import { optionsFromEnvironment } from '../../src/runtime/settings.ts'

/** The guest that the tests run on: OSRUN_GUEST says which. */
export const guest = findGuest(optionsFromEnvironment(process.env).guest ?? 'wine')

/** What a test that holds for Wine alone, or for Windows alone, asks to be left out by, with its reason. */
export const isWine = guest.name === 'wine'
