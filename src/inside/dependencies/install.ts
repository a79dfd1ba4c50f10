import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { OsrunError } from '../../protocol/errors.ts'
import type { Project } from '../project.ts'
import type { Ingredient } from './key.ts'
import type { Manager } from './managers.ts'

/** Dependencies as Windows would have them, in a folder of this computer. Disposing it removes them. */
export interface Dependencies extends AsyncDisposable {
  readonly folder: string
}

const wordsKept = 2000

/**
 * Installs a project's dependencies for Windows beside the project, from its lockfile.
 * @throws OsrunError PROJECT_UNFIT with the package manager's own words; HOST_INCOMPLETE where it is missing
 */
export async function installDependencies(
  { manager }: Project,
  ingredients: readonly Ingredient[],
  signal?: AbortSignal,
): Promise<Dependencies> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun-inside-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    for (const { path, text } of ingredients) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const failed = await runAll(folder, manager, manager.commands, signal)
    if (failed !== undefined && manager.older?.says.test(failed.all)) {
      const manifest = join(folder, 'package.json')
      await writeFile(manifest, manager.older.manifest(await readFile(manifest, 'utf8')))
      fail(manager, await runAll(folder, manager, manager.older.commands, signal))
    } else {
      fail(manager, failed)
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, [Symbol.asyncDispose]: remove }
}

interface Failed {
  readonly command: string
  readonly code?: string | undefined
  readonly isCanceled: boolean
  /** All that it said. */
  readonly all: string
}

/** @returns the first command that fails */
async function runAll(
  folder: string,
  { env }: Manager,
  commands: Manager['commands'],
  signal?: AbortSignal,
): Promise<Failed | undefined> {
  for (const [program, ...args] of commands) {
    const { failed, code, isCanceled, all } = await execa(program, args, {
      ...{ cwd: folder, env, reject: false, stdin: 'ignore', all: true },
      ...(signal && { cancelSignal: signal }),
    })
    if (failed) {
      return { command: [program, ...args].join(' '), code, isCanceled, all }
    }
  }
  return undefined
}

function fail({ name }: Manager, failed: Failed | undefined): void {
  if (failed !== undefined) {
    throw failure(name, failed)
  }
}

function failure(manager: string, { command, ...done }: Failed): OsrunError {
  if (done.isCanceled) {
    return new OsrunError('CANCELED', 'Installing the dependencies for Windows was canceled.')
  }
  if (done.code === 'ENOENT') {
    return new OsrunError(
      'HOST_INCOMPLETE',
      `The lockfile is ${manager}'s, and there is no program ${manager.split(' ')[0]} on this computer to install the ` +
        'dependencies for Windows with. Install it, or `corepack enable`.',
    )
  }
  const words = done.all.trim()
  const why = words.includes('EBADPLATFORM') ? ' A dependency that is not optional has no build for Windows.' : ''
  return new OsrunError(
    'PROJECT_UNFIT',
    `The dependencies cannot be installed for Windows: \`${command}\` failed.${why}\n${words.slice(-wordsKept)}`,
  )
}
