import { isAbsolute } from 'node:path'
import type { TestProject } from 'vitest/node'

/** How the modules of a recipe are found and loaded. */
export interface SetupModules {
  /** Paths of the module and of all that it imports, packages left out. Runs none of them. */
  list(file: string): Promise<string[]>
  /** Runs the module as its `files`, those of `list`, are now. @returns its exports */
  load(file: string, files: readonly string[]): Promise<Exports>
}

type Exports = Readonly<Record<string, unknown>>

/** The part of a Vite module runner that is used here. */
interface Runner {
  import(file: string): Promise<Exports>
  readonly evaluatedModules: Evaluated<unknown>
}

interface Evaluated<T> {
  getModulesByFile(file: string): Iterable<T> | undefined
  invalidateModule(module: T): void
}

/** As Vitest has them: TypeScript, aliases and plugins of the project count. */
export function modulesOf(project: TestProject): SetupModules {
  const { ssr } = project.vite.environments
  return {
    async list(file) {
      const files = new Set<string>()
      const seen = new Set<string>()
      async function visit(url: string): Promise<void> {
        seen.add(url)
        await ssr.transformRequest(url)
        const node = await ssr.moduleGraph.getModuleByUrl(url)
        // Virtual modules of plugins lie nowhere.
        if (node?.file && isAbsolute(node.file)) {
          files.add(node.file)
        }
        for (const imported of node?.importedModules ?? []) {
          if (!seen.has(imported.url) && !imported.file?.includes('/node_modules/')) {
            await visit(imported.url)
          }
        }
      }
      await visit(file)
      return [...files]
    },
    async load(file, files) {
      if (!('runner' in ssr)) {
        return project.import(file)
      }
      // The runner of `project.import` would give what it has loaded before, in watch mode.
      const runner = ssr.runner as Runner
      const { evaluatedModules } = runner
      for (const node of files.flatMap((path) => [...(evaluatedModules.getModulesByFile(path) ?? [])])) {
        evaluatedModules.invalidateModule(node)
      }
      return runner.import(file)
    },
  }
}
