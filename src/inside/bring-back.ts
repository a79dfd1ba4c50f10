import { lstat, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { execa } from 'execa'
import { digestOf } from './guest/project-files.ts'
import type { RunnerLink } from './link.ts'
import type { PathMap } from './path-map.ts'

/** What came back. Paths from the project's folder. */
export interface BroughtBack {
  readonly written: readonly string[]
  readonly removed: readonly string[]
  /** Changed on this computer while the suite ran: left as it is. */
  readonly kept: readonly string[]
  /** What git ignores, and is no report: stayed in the guest. */
  readonly left: readonly string[]
}

/** What decides about the way back. */
export interface WayBack {
  readonly root: string
  readonly map: PathMap
  /** What the guest has as this computer does: digests by path, of this computer's files. Brought up to date. */
  readonly sent: Map<string, string>
  /** Folders and files, from `root`, that come back whatever git ignores. */
  readonly include: readonly string[]
  /** The same for files that name files: they are given this computer's names. */
  readonly reports: readonly string[]
}

/** Folders that reports are written to, at any depth. */
const reportFolders = [
  'coverage',
  '.vitest',
  '.vitest-attachments',
  '.vitest-reports',
  'html',
  'test-results',
  'reports',
]
/** Their text names files; elsewhere a text is what the suite has written, and nobody else's to change. */
const reportText = /\.(json|xml|html|info|txt|lcov|md|tap|svg|css|js)$/
const largest = 64 * 1024 * 1024

/**
 * Brings what the run has written or removed in the project's folder back to this computer. Nothing is written outside
 * of the project, nor over a file that was not sent or has changed meanwhile.
 */
export async function bringBack(link: RunnerLink, way: WayBack): Promise<BroughtBack> {
  const changes = await link.changes()
  const paths = changes.written.filter(({ path, size }) => isInside(path) && size <= largest).map(({ path }) => path)
  const ignored = await ignoredByGit(way.root, paths)
  const result = { written: [] as string[], removed: [] as string[], kept: [] as string[], left: [] as string[] }
  for (const path of paths) {
    const wanted = isReport(way, path) || isIn(way.include, path)
    if (ignored.has(path) && !wanted && !way.sent.has(path)) {
      result.left.push(path)
    } else if (!(await mayReplace(way, path, wanted))) {
      result.kept.push(path)
    } else {
      const digest = await place(way, path, await link.read(path))
      // What git ignores does not travel: were it noted, it would be missed at the next edit, and removed in the guest.
      if (!ignored.has(path) || isIn(way.include, path)) {
        way.sent.set(path, digest)
      }
      result.written.push(path)
    }
  }
  for (const path of changes.gone.filter((gone) => way.sent.has(gone))) {
    if (await mayReplace(way, path, false)) {
      await rm(join(way.root, path), { force: true })
      way.sent.delete(path)
      result.removed.push(path)
    } else {
      result.kept.push(path)
    }
  }
  return result
}

/** A guest is not trusted: the path leads nowhere but into the project. */
function isInside(path: string): boolean {
  return path !== '' && posix.normalize(path) === path && !/^(\.\.?)?(\/|$)|[\\\0]/.test(path) && !isHidden(path)
}

function isHidden(path: string): boolean {
  return path.split('/').some((name) => name === '.git' || name === 'node_modules' || name === '..')
}

function isIn(places: readonly string[], path: string): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`))
}

function isReport({ reports }: WayBack, path: string): boolean {
  if (isIn(reports, path)) {
    return true
  }
  return path
    .split('/')
    .slice(0, -1)
    .some((name) => reportFolders.includes(name))
}

/** What git would not show. Without git nothing is ignored. */
async function ignoredByGit(root: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  if (paths.length === 0) {
    return new Set()
  }
  const { stdout } = await execa('git', ['check-ignore', '-z', '--stdin'], {
    cwd: root,
    input: paths.join('\0'),
    reject: false,
  })
  return new Set((stdout ?? '').split('\0').filter((path) => path !== ''))
}

async function mayReplace({ root, sent }: WayBack, path: string, isOutput: boolean): Promise<boolean> {
  const target = join(root, path)
  // A link in the way would lead elsewhere.
  const above = await nearest(dirname(target))
  if (!(await isBelow(above, root))) {
    return false
  }
  const about = await lstat(target).catch(() => undefined)
  if (about === undefined) {
    return true
  }
  if (!about.isFile()) {
    return false
  }
  const digest = sent.get(path)
  return digest === undefined ? isOutput : digest === digestOf(await readFile(target))
}

async function nearest(folder: string): Promise<string> {
  const there = await lstat(folder).catch(() => undefined)
  return there === undefined ? nearest(dirname(folder)) : folder
}

async function isBelow(folder: string, root: string): Promise<boolean> {
  const [real, realRoot] = await Promise.all([realpath(folder), realpath(root)])
  return real === realRoot || real.startsWith(`${realRoot}/`)
}

/** @returns the digest of what is there now */
async function place(way: WayBack, path: string, bytes: Uint8Array): Promise<string> {
  const target = join(way.root, path)
  await mkdir(dirname(target), { recursive: true })
  const draft = `${target}.osrun-draft`
  const ours = isReport(way, path) && reportText.test(path) ? translate(way.map, path, bytes) : bytes
  await writeFile(draft, ours)
  await rename(draft, target)
  return digestOf(ours)
}

/** A report, with this computer's names of the files that it is about. */
function translate(map: PathMap, path: string, bytes: Uint8Array): Uint8Array {
  const given = Buffer.from(bytes).toString()
  if (path.endsWith('.json')) {
    const translated = translateJson(map, given)
    if (translated !== undefined) {
      return Buffer.from(translated)
    }
  }
  const text = map.toHost(given)
  const lcov = path.endsWith('.info') ? text.replace(/^SF:.*$/gm, (line) => line.replaceAll('\\', '/')) : text
  return Buffer.from(lcov)
}

/** Each text and each name by itself: in JSON as it is written, the `\n` behind a path looks like a part of it. */
function translateJson(map: PathMap, text: string): string | undefined {
  const translate = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return map.toHost(value)
    }
    if (Array.isArray(value)) {
      return value.map(translate)
    }
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [map.toHost(name), translate(each)]))
    }
    return value
  }
  try {
    return JSON.stringify(translate(JSON.parse(text)))
  } catch {
    return undefined
  }
}
