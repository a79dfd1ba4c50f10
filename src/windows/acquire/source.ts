import { OsrunError } from '../../protocol/errors.ts'
import type { Medium, WantedMedium } from '../medium.ts'
import type { Downloading } from './download.ts'

/** Where media can be had without the user's doing, in the order in which they are asked. */
export const sources = ['catalogue', 'pinned', 'uup-dump'] as const
export type Source = (typeof sources)[number]

/** What a source works with. */
export interface Sourcing extends Downloading {
  /** Folder of the cache for media; each source has its own files there. */
  readonly folder: string
  readonly pace: Pace
}

/** Milliseconds between requests that UUP dump allows. */
export interface Pace {
  /** For another thing than before. */
  readonly another: number
  /** For the same thing. */
  readonly same: number
}

/** Brings the medium, or throws why not. */
export type AskSource = (wanted: WantedMedium, sourcing: Sourcing) => Promise<Medium>

export function hasNone(what: string): OsrunError {
  return new OsrunError('MEDIUM_UNAVAILABLE', what)
}

/** What is wanted, for a person: "win11 Professional en-us x64". */
export function describeWanted({ product, edition, language, architecture }: WantedMedium): string {
  return `${product} ${edition} ${language} ${architecture}`
}
