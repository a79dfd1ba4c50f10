import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPackageFolder } from '../../guests/package-folder.ts'

/** The scripts of an installation as the package has them: text with line feeds, by path relative to `win11-init/`. */
export type Scripts = ReadonlyMap<string, string>

/** Reads `win11-init/`, which the repository and the published package have. */
export async function readScripts(): Promise<Scripts> {
  const folder = join(findPackageFolder('win11-init/pe.cmd'), 'win11-init')
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return new Map(
    await Promise.all(
      names.map(async (name) => [name.slice(folder.length + 1), await readFile(name, 'utf8')] as const),
    ),
  )
}
