import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OsrunError } from '../../protocol/errors.ts'

/** The scripts of an installation as the package has them: text with line feeds, by path relative to `win11-init/`. */
export type Scripts = ReadonlyMap<string, string>

/** Reads `win11-init/`, which the repository and the published package have. */
export async function readScripts(): Promise<Scripts> {
  const folder = findFolder()
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

function findFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'win11-init', 'pe.cmd'))) {
    const parent = dirname(folder)
    if (parent === folder) {
      throw new OsrunError('INTERNAL', 'The scripts that install Windows are not in this package.')
    }
    folder = parent
  }
  return join(folder, 'win11-init')
}
