import { agentPort } from '../../machines/shape.ts'
import type { Install } from './install.ts'
import { noise } from './noise.ts'
import { minutesOf } from './steps.ts'

/** `settings.cmd`, which `pe.cmd` calls. No value has a character that means something to cmd. */
export function renderSettingsCmd(install: Install, key: string): string {
  const values = {
    index: String(install.image.index),
    profile: install.profile,
    compact: install.compact ? '/Compact' : '',
    key,
  }
  return Object.entries(values)
    .map(([name, value]) => `set "${name}=${checked(name, value)}"\n`)
    .join('')
}

function checked(name: string, value: string): string {
  if (!/^[A-Za-z0-9/._-]*$/.test(value)) {
    throw new TypeError(`settings.cmd cannot have ${JSON.stringify(value)} for ${name}`)
  }
  return value
}

/** `settings.json` for the scripts of Windows, in ASCII: PowerShell 5.1 takes a file without a mark for the code page. */
export function renderSettingsJson(install: Install, key: string): string {
  const { guest, family, profile, account, user, password } = install
  const minutes = { ...minutesOf('specialize'), ...atLeast(minutesOf('logon'), minutesOf('specialize')) }
  const settings = { guest, family, profile, account, user, password, port: agentPort, minutes, ...noise(install), key }
  return `${JSON.stringify(settings, undefined, 2)}\n`.replace(/[^\n\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Both stages have steps of the same name: the longer limit is for both. */
function atLeast(minutes: Record<string, number>, other: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(minutes).map(([step, limit]) => [step, Math.max(limit, other[step] ?? 0)]))
}
