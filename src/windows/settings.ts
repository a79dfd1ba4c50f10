import type { MediaOptions } from '../protocol/media-options.ts'
import type { Wanted } from './medium.ts'

/** How Windows is installed where nothing else is said. */
const defaults: Readonly<Record<string, { readonly edition: string; readonly profile: 'slim' | 'stock' }>> = {
  win11: { edition: 'Professional', profile: 'slim' },
  win10: { edition: 'Professional', profile: 'slim' },
  server2022: { edition: 'ServerStandard', profile: 'slim' },
  server2025: { edition: 'ServerStandard', profile: 'slim' },
}

/** What is to be installed. */
export interface WindowsChoice extends Wanted {
  readonly profile: 'slim' | 'stock'
}

/** What is to be installed as `guest`, with these options. */
export function chooseWindows(guest: string, { edition, language, profile }: MediaOptions = {}): WindowsChoice {
  const own = defaults[guest] ?? { edition: 'Professional', profile: 'slim' }
  return {
    edition: edition ?? own.edition,
    language: (language ?? 'en-us').toLowerCase(),
    architecture: 'x64',
    profile: profile ?? own.profile,
  }
}
