import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

/** A file below some `node_modules`, or a folder that is a link to another one of the project. */
export type Installed =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/**
 * What was installed in a folder, wherever in it: workspaces have a `node_modules` of their own. Packages that say that
 * they are for another system, which Yarn 1 installs too, are not among it. Paths with `/`.
 */
export async function* walkInstalled(root: string): AsyncGenerator<Installed> {
  const real = await realpath(root)
  yield* walk(real, '', false)
}

async function* walk(root: string, folder: string, within: boolean): AsyncGenerator<Installed> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    const inside = within || entry.name === 'node_modules'
    if (entry.isDirectory()) {
      // Links to programs of this computer: Windows has other ones.
      const isHosts = inside && (entry.name === '.bin' || entry.name === '.cache')
      if (!isHosts && (!inside || (await isForWindows(join(root, path))))) {
        yield* walk(root, path, inside)
      }
    } else if (inside && entry.isFile()) {
      yield { kind: 'file', path, bytes: await readFile(join(root, path)) }
    } else if (inside && entry.isSymbolicLink()) {
      const target = await realpath(join(root, path)).catch(() => undefined)
      if (target?.startsWith(root + sep) && (await stat(target)).isDirectory()) {
        yield { kind: 'link', path, target: relative(root, target).split(sep).join('/') }
      }
    }
  }
}

async function isForWindows(folder: string): Promise<boolean> {
  const manifest = parse(await readFile(join(folder, 'package.json')).catch(() => Buffer.from('{}')))
  return allows(manifest.os, 'win32') && allows(manifest.cpu, 'x64')
}

/** @param list names, of which some may be forbidden: `!win32` */
function allows(list: unknown, ours: string): boolean {
  const names = [list].flat().filter((name) => typeof name === 'string')
  const wanted = names.filter((name) => !name.startsWith('!'))
  return !names.includes(`!${ours}`) && (wanted.length === 0 || wanted.includes(ours) || wanted.includes('any'))
}

/** A package whose install script did not run. */
export interface Unbuilt {
  readonly name: string
  readonly scripts: readonly string[]
}

const installScripts = ['preinstall', 'install', 'postinstall']

/**
 * Looks at the files as they are sent: which packages want a script to run when they are installed, and have nothing
 * ready for Windows beside them.
 */
export class ScriptsFinder {
  readonly #wanting = new Map<string, { unbuilt: Unbuilt; optional: string[] }>()
  readonly #packages = new Set<string>()
  readonly #native = new Set<string>()
  /** By package, the names of its builds for this kind of Windows. */
  readonly #builds = new Map<string, string[]>()

  look(path: string, bytes: Buffer): void {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1]
    if (name === undefined) {
      if (/prebuilds\/win32[^/]*x64\/|\.win32-x64[^/]*\.node$/.test(path)) {
        this.#native.add(packageOf(path))
      }
      return
    }
    this.#packages.add(name)
    const manifest = parse(bytes)
    const scripts = installScripts.filter((script) => typeof manifest.scripts?.[script] === 'string')
    const optional = Object.keys(manifest.optionalDependencies ?? {})
    const builds = optional.filter((each) => /win(32|dows)-(x64|64)/.test(each))
    if (builds.length > 0) {
      this.#builds.set(name, builds)
    }
    if (scripts.length > 0) {
      this.#wanting.set(packageOf(path), { unbuilt: { name, scripts }, optional })
    }
  }

  found(): Unbuilt[] {
    return [...this.#wanting]
      .filter(([place, { optional }]) => !this.#native.has(place) && !optional.some((name) => this.#isForWindows(name)))
      .map(([, { unbuilt }]) => unbuilt)
  }

  /** Packages that have a build for Windows, of which nothing was installed: the lockfile does not have it. */
  missing(): string[] {
    return [...this.#builds]
      .filter(([, builds]) => !builds.some((build) => this.#packages.has(build)))
      .map(([name, builds]) => `${name} (${builds.join(', ')})`)
  }

  #isForWindows(name: string): boolean {
    return /win32|windows/.test(name) && this.#packages.has(name)
  }
}

interface Manifest {
  readonly scripts?: Readonly<Record<string, unknown>>
  readonly optionalDependencies?: object
  readonly os?: unknown
  readonly cpu?: unknown
}

function parse(bytes: Buffer): Manifest {
  try {
    return JSON.parse(bytes.toString()) ?? {}
  } catch {
    return {}
  }
}

function packageOf(path: string): string {
  return dirname(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path)?.[0].concat('x') ?? path)
}
