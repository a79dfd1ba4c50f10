import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'

/**
 * Path of the command of the Vitest that a project has on this computer.
 * @throws OsrunError PROJECT_UNFIT where it has none
 */
export function vitestHere(folder: string): string {
  try {
    return join(dirname(dirname(vitestLibrary(folder))), 'vitest.mjs')
  } catch (cause) {
    throw new OsrunError(
      'PROJECT_UNFIT',
      `Expected Vitest to be installed in ${folder}: it merges the reports. Install the project's dependencies first.`,
      { cause },
    )
  }
}

/** Path of the `vitest/node` that a project has on this computer. @throws Error where it has none */
export function vitestLibrary(folder: string): string {
  return createRequire(join(folder, 'package.json')).resolve('vitest/node')
}
