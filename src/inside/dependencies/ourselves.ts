import { basename } from 'node:path'

/** The name of this package. */
export const ourName = 'vitest-environment-osrun'
const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const

type Manifest = { [kind in (typeof kinds)[number]]?: Record<string, string> }

/**
 * A manifest, or npm's lockfile, without the dependency on osrun: what starts machines is of no use in one, and it
 * brings a hundred packages.
 */
export function withoutOurselves(path: string, text: string): string {
  if (!text.includes(`"${ourName}"`)) {
    return text
  }
  const parsed: Manifest & { packages?: Record<string, Manifest> } = JSON.parse(text)
  for (const manifest of basename(path) === 'package.json' ? [parsed] : Object.values(parsed.packages ?? {})) {
    for (const kind of kinds) {
      delete manifest[kind]?.[ourName]
    }
  }
  return JSON.stringify(parsed, null, 2)
}
