import { dirname, relative, resolve, sep } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import { lockfiles, type Manager, managerOf } from './dependencies/managers.ts'

/** The project whose suite runs in the guest. */
export interface Project {
  /** The folder of its lockfile, and of all its workspaces. */
  readonly root: string
  /** Where the command was given, from `root`, with `/`; empty for `root` itself. */
  readonly cwd: string
  readonly manager: Manager
}

/**
 * The project that a folder is in: the nearest folder above it, or itself, with a lockfile.
 * @throws OsrunError PROJECT_UNFIT where there is none
 */
export function findProject(folder: string): Project {
  const start = resolve(folder)
  for (let root = start; ; root = dirname(root)) {
    const manager = managerOf(root)
    if (manager !== undefined) {
      return { root, cwd: relative(root, start).split(sep).join('/'), manager }
    }
    if (root === dirname(root)) {
      throw new OsrunError(
        'PROJECT_UNFIT',
        `Expected a lockfile (${lockfiles.join(', ')}) in ${start} or above it: it says which dependencies the suite needs in ` +
          'Windows. Run `npm install` (or what your project uses) first.',
      )
    }
  }
}

/** The project's folder in the guest. The name stays, so that output reads as usual. */
export function guestFolder(root: string): string {
  const name = (root.split(sep).at(-1) ?? '').replace(/[^a-zA-Z0-9._-]/g, '-').replace(/^[.-]+|[.]+$/g, '')
  return `${insideFolder}\\${name === '' ? 'project' : name.slice(0, 40)}`
}

/** All that osrun puts into the guest for a suite. */
export const insideFolder = 'C:\\inside'
