import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { execa } from 'execa'
import { checkWindowsNames } from '../client/guest-path.ts'
import { OsrunError } from '../protocol/errors.ts'
import { digestOf } from './guest/project-files.ts'

/** A file that goes into the guest. */
export interface TravellingFile {
  /** From the project's folder, with `/`. */
  readonly path: string
  readonly digest: string
  readonly size: number
}

/** What goes into the guest, and what does not although it lies in the project. */
export interface Manifest {
  readonly files: readonly TravellingFile[]
  /** Links that lead out of the project, to a folder, or nowhere. */
  readonly leftOut: readonly string[]
}

/** Bytes; a suite needs no more, and what is larger was not meant to travel. */
const mostBytes = 200 * 1024 * 1024

/**
 * The files that a suite needs: what git tracks and what it would not ignore; without git, all but `node_modules`.
 * @param include more of them, files or folders from `root`, whatever git ignores
 * @throws OsrunError PROJECT_UNFIT for names that Windows cannot have, and for too much
 */
export async function readManifest(root: string, include: readonly string[] = []): Promise<Manifest> {
  const listed = (await listWithGit(root)) ?? (await listFolder(root, ''))
  const more = await Promise.all(include.map((path) => listIncluded(root, path)))
  const paths = [...new Set([...listed, ...more.flat()])].filter(isProjects).sort()
  const files: TravellingFile[] = []
  const leftOut: string[] = []
  const real = await realpath(root)
  let total = 0
  for (const path of paths) {
    const about = await lstat(join(root, path)).catch(() => undefined)
    if (about === undefined) {
      // Tracked, and removed by now.
      continue
    }
    if (!about.isFile() && !(about.isSymbolicLink() && (await leadsToFile(real, join(root, path))))) {
      leftOut.push(path)
      continue
    }
    const bytes = await readFile(join(root, path))
    total += bytes.length
    files.push({ path, digest: digestOf(bytes), size: bytes.length })
  }
  if (total > mostBytes) {
    throw tooLarge(files, total)
  }
  checkNames(files)
  return { files, leftOut }
}

/** `undefined` where the folder is not git's, or git is not there. */
async function listWithGit(root: string): Promise<string[] | undefined> {
  const { stdout, failed } = await execa('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    reject: false,
    stdin: 'ignore',
  })
  return failed ? undefined : stdout.split('\0').filter((path) => path !== '')
}

async function listFolder(root: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!isProjects(path)) {
      continue
    }
    found.push(...(entry.isDirectory() ? await listFolder(root, path) : [path]))
  }
  return found
}

async function listIncluded(root: string, path: string): Promise<string[]> {
  const name = path.replace(/^\.\//, '').replace(/\/+$/, '')
  const about = await stat(join(root, name)).catch(() => undefined)
  if (about === undefined || name.startsWith('/') || name.split('/').includes('..')) {
    throw new OsrunError('BAD_OPTION', `Expected --include to be a file or folder of ${root}, got ${path}`)
  }
  return about.isDirectory() ? listFolder(root, name) : [name]
}

function isProjects(path: string): boolean {
  const parts = path.split('/')
  return !parts.includes('node_modules') && !parts.includes('.git')
}

async function leadsToFile(root: string, link: string): Promise<boolean> {
  try {
    const target = await realpath(link)
    return target.startsWith(root + sep) && (await stat(target)).isFile()
  } catch {
    return false
  }
}

function checkNames(files: readonly TravellingFile[]): void {
  try {
    checkWindowsNames(files.map(({ path }) => path))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('PROJECT_UNFIT', `${why}. Rename it, or have git ignore it: then it does not travel.`, {
      cause,
    })
  }
}

function tooLarge(files: readonly TravellingFile[], total: number): OsrunError {
  const largest = [...files].sort((a, b) => b.size - a.size).slice(0, 3)
  return new OsrunError(
    'PROJECT_UNFIT',
    `The project's files have ${mebibytes(total)}, and at most ${mebibytes(mostBytes)} go into the guest. What git ` +
      `ignores does not travel; the largest: ${largest.map(({ path, size }) => `${path} (${mebibytes(size)})`).join(', ')}`,
  )
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`
}
