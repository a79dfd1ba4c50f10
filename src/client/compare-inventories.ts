import type { Ignored } from './ignored-changes.ts'
import type { FileEntry, Inventory, RegistryEntry } from './inventory.ts'

/** What is there and was not, is not what it was, and was there and is not; sorted. */
export interface Changed {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

/** What has changed in a machine since it was restored. Nothing in it differs from run to run by itself. */
export interface SystemChanges {
  /** Paths; a folder's ends with `\`. */
  readonly files: Changed
  /** Keys, and values as `HKCU\Software\App: Version = REG_SZ 1.2`; a changed one with what it was. */
  readonly registry: Changed
  /** Names of services and drivers. */
  readonly services: Changed
  /** What is listed as an installed program: its name and version. */
  readonly programs: Changed
}

/**
 * Compares two moments.
 * @param ignored tells what is left out
 * @param isSame whether a file that was written since still has its former content
 */
export async function compareInventories(
  before: Inventory,
  after: Inventory,
  ignored: Ignored,
  isSame: (before: FileEntry, after: FileEntry) => Promise<boolean>,
): Promise<SystemChanges> {
  const rewritten = new Set<string>()
  for (const [key, file] of after.files) {
    const former = before.files.get(key)
    if (former !== undefined && !ignored(file.path) && isRewritten(former, file) && !(await isSame(former, file))) {
      rewritten.add(key)
    }
  }
  const isListed = (entry: { path: string }) => !ignored(entry.path)
  return {
    files: compare(before.files, after.files, (_, __, key) => rewritten.has(key), {
      ...{ isListed, show: ({ path }) => path, showChange: (_, { path }) => path },
    }),
    registry: compare(before.registry, after.registry, (a, b) => a.value !== b.value, {
      ...{ isListed, show: showEntry, showChange: (was, is) => `${showEntry(is)}, was ${was.value}` },
    }),
    services: compareNamed(servicesOf(before), servicesOf(after)),
    programs: compareNamed(programsOf(before), programsOf(after)),
  }
}

/** Written since, perhaps with what it held before. */
function isRewritten(before: FileEntry, after: FileEntry): boolean {
  return before.size !== after.size || before.modified !== after.modified
}

interface Listing<T> {
  isListed(entry: T): boolean
  show(entry: T): string
  showChange(before: T, after: T): string
}

function compare<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  differ: (before: T, after: T, key: string) => boolean,
  { isListed, show, showChange }: Listing<T>,
): Changed {
  const [added, changed, removed]: [string[], string[], string[]] = [[], [], []]
  for (const [key, entry] of after) {
    const former = before.get(key)
    if (isListed(entry) && former === undefined) {
      added.push(show(entry))
    } else if (former !== undefined && isListed(entry) && differ(former, entry, key)) {
      changed.push(showChange(former, entry))
    }
  }
  for (const [key, entry] of before) {
    if (!after.has(key) && isListed(entry)) {
      removed.push(show(entry))
    }
  }
  return { added: added.sort(), changed: changed.sort(), removed: removed.sort() }
}

function showEntry({ path, name, value }: RegistryEntry): string {
  return name === undefined ? path : `${path}: ${name === '' ? '(default)' : name} = ${value}`
}

function compareNamed(before: ReadonlyMap<string, Named>, after: ReadonlyMap<string, Named>): Changed {
  return compare(before, after, (a, b) => a.content !== b.content, {
    ...{ isListed: () => true, show: ({ name }) => name, showChange: (_, { name }) => name },
  })
}

interface Named {
  readonly name: string
  /** What it is compared by. */
  readonly content: string
}

const services = 'hklm\\system\\currentcontrolset\\services\\'
const uninstall = /^(?:hklm|hkcu)\\software\\(?:wow6432node\\)?microsoft\\windows\\currentversion\\uninstall\\([^\\]+)$/

/** What a service is, by its own key; those below it are where it keeps things. */
function servicesOf({ registry }: Inventory): Map<string, Named> {
  const named = new Map<string, Named>()
  for (const { path, name, value } of registry.values()) {
    const key = path.toLowerCase()
    const rest = path.slice(services.length)
    if (key.startsWith(services) && !rest.includes('\\') && !/^\.net/i.test(rest)) {
      const before = named.get(key)?.content ?? ''
      named.set(key, { name: rest, content: name === undefined ? before : `${before}${name}=${value}\n` })
    }
  }
  return named
}

function programsOf({ registry }: Inventory): Map<string, Named> {
  const named = new Map<string, Named>()
  for (const { path, name } of registry.values()) {
    const key = path.toLowerCase()
    if (name === undefined && uninstall.test(key)) {
      const text = (value: string) => registry.get(`${key}\0${value}`)?.value.replace(/^REG_SZ /, '') ?? ''
      const title = text('displayname') || path.slice(path.lastIndexOf('\\') + 1)
      const shown = [title, text('displayversion')].filter((each) => each !== '').join(' ')
      named.set(key, { name: shown, content: shown })
    }
  }
  return named
}
