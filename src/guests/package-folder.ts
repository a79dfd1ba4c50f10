import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OsrunError } from '../protocol/errors.ts'

/** The folder of the repository, the published package or the image that has `part`. @throws OsrunError INTERNAL */
export function findPackageFolder(part: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, part))) {
    const parent = dirname(folder)
    if (parent === folder) {
      throw new OsrunError('INTERNAL', `${part} is not in this package.`)
    }
    folder = parent
  }
  return folder
}
