import { readFile } from 'node:fs/promises'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { init, parse } from 'es-module-lexer'
import type { SetupModules } from '../recipes/modules.ts'

let loads = 0

/** As Node has them: ES modules, and TypeScript whose types can be stripped. */
export const nodeModules: SetupModules = {
  async list(file) {
    await init
    const files = new Set<string>()
    async function visit(path: string): Promise<void> {
      files.add(path)
      for (const imported of await importsOf(path)) {
        if (!files.has(imported)) {
          await visit(imported)
        }
      }
    }
    await visit(file)
    return [...files]
  },
  async load(file, files) {
    loads += 1
    const version = `osrun=${loads}`
    // In watch mode Node would give what it has loaded before.
    const hooks = registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context)
        const isOurs = resolved.url.startsWith('file:') && files.includes(fileURLToPath(resolved.url))
        return isOurs ? { ...resolved, url: `${resolved.url}?${version}` } : resolved
      },
    })
    try {
      return await import(pathToFileURL(file).href)
    } finally {
      hooks.deregister()
    }
  },
}

/** Packages are left out: their names are no paths. */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8')
  if (!/\.[cm]?[jt]s$/.test(path)) {
    return []
  }
  const [imports] = parse(/ts$/.test(path) ? stripTypeScriptTypes(text) : text, path)
  return imports
    .flatMap(({ n: specifier }) =>
      specifier !== undefined && /^(\.{1,2}\/|\/|file:)/.test(specifier) ? [specifier] : [],
    )
    .map((specifier) => fileURLToPath(new URL(specifier, pathToFileURL(path))))
}
