import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Names of the packages that npm has installed in a project because of one package, itself not counted. */
export async function dependenciesOf(folder: string, name: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  const packages: Readonly<Record<string, Locked>> = lock.packages
  const found = new Set<string>()
  function visit(path: string): void {
    for (const dependency of Object.keys(packages[path]?.dependencies ?? {})) {
      const place = placeOf(path, dependency)
      if (place !== undefined && !found.has(place)) {
        found.add(place)
        visit(place)
      }
    }
  }
  /** Node's way: in the package's own `node_modules`, then in those around it. */
  function placeOf(from: string, dependency: string): string | undefined {
    for (let folderOf: string | undefined = from; folderOf !== undefined; folderOf = parentOf(folderOf)) {
      const place = join(folderOf, 'node_modules', dependency)
      if (packages[place] !== undefined) {
        return place
      }
    }
    return undefined
  }
  visit(`node_modules/${name}`)
  return [...found]
}

function parentOf(path: string): string | undefined {
  const end = path.lastIndexOf('node_modules/')
  return path === '' ? undefined : path.slice(0, Math.max(end - 1, 0))
}
