import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'

/**
 * Path of the command of the Vitest that a project has on this computer.
 * @throws OsrunError PROJECT_UNFIT where it has none
 */
export function vitestHere(folder: string): string {
  try {
    const library = createRequire(join(folder, 'package.json')).resolve('vitest/node')
    return join(dirname(dirname(library)), 'vitest.mjs')
  } catch (cause) {
    throw new OsrunError(
      'PROJECT_UNFIT',
      `Expected Vitest to be installed in ${folder}: it merges the reports. Install the project's dependencies first.`,
      { cause },
    )
  }
}
