import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

/** A file below some `node_modules`, or a folder that is a link to another one of the project. */
export type Installed =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/** What was installed in a folder, wherever in it: workspaces have a `node_modules` of their own. Paths with `/`. */
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
      if (!(inside && (entry.name === '.bin' || entry.name === '.cache'))) {
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
    if (scripts.length > 0) {
      const optional = Object.keys(manifest.optionalDependencies ?? {})
      this.#wanting.set(packageOf(path), { unbuilt: { name, scripts }, optional })
    }
  }

  found(): Unbuilt[] {
    return [...this.#wanting]
      .filter(([place, { optional }]) => !this.#native.has(place) && !optional.some((name) => this.#isForWindows(name)))
      .map(([, { unbuilt }]) => unbuilt)
  }

  #isForWindows(name: string): boolean {
    return /win32|windows/.test(name) && this.#packages.has(name)
  }
}

interface Manifest {
  readonly scripts?: Readonly<Record<string, unknown>>
  readonly optionalDependencies?: object
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
