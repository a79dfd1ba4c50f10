import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import type { Architecture, Product, WantedMedium } from '../medium.ts'
import { describeWanted, hasNone, type Sourcing } from './source.ts'
import { type SetOfFiles, type UupApi, UupRefusal } from './uup-api.ts'
import { type CheckedUupFile, checkFiles } from './uup-files.ts'
import type { Build } from './uup-json.ts'

/**
 * What to search for, the newest version first. The numbers are those of releases: a search without one finds the
 * previews above all.
 */
const searches: Partial<Record<Product, readonly string[]>> = {
  win11: ['windows 11 26200', 'windows 11 26100'],
  win10: ['windows 10 19045'],
  server2025: ['feature update server operating system 26100'],
  server2022: ['feature update server operating system 20348'],
}

const uupArchitecture: Record<Architecture, string> = { x64: 'amd64', arm64: 'arm64' }

/** Each costs two slow questions. */
const mostCandidates = 6

/** A build that can be had, with its files. */
export interface ChosenSet {
  readonly set: SetOfFiles
  readonly title: string
  readonly files: readonly CheckedUupFile[]
}

/** The newest retail build that has what is wanted. */
export async function chooseBuild(wanted: WantedMedium, api: UupApi, { onProgress }: Sourcing): Promise<ChosenSet> {
  const failures: string[] = []
  for (const words of searches[wanted.product] ?? []) {
    onProgress({ phase: `searching UUP dump for ${describeWanted(wanted)}` })
    const search = `${words} ${uupArchitecture[wanted.architecture]}`
    const found = await tolerant(failures, `the search for "${search}"`, () =>
      api.ask('listid', { search, sortByDate: '1' }),
    )
    const builds = fullBuilds(found?.builds ?? [], wanted.architecture).slice(0, mostCandidates)
    if (found !== undefined && builds.length === 0) {
      failures.push(`the search for "${search}" found no build`)
    }
    for (const build of builds) {
      const chosen = await tolerant(failures, build.title, () => tryBuild(build, wanted, api))
      if (chosen !== undefined) {
        return chosen
      }
    }
  }
  throw hasNone(`UUP dump has no ${wanted.product} for it: ${failures.join('; ') || 'it is not searched for'}`)
}

/** Builds that Windows can be installed from, newest first. */
export function fullBuilds(builds: readonly Build[], architecture: Architecture): Build[] {
  return builds
    .filter(
      ({ title, arch }) => arch === uupArchitecture[architecture] && !/preview|cumulative update|\.net/i.test(title),
    )
    .toSorted((one, other) => (other.created ?? 0) - (one.created ?? 0))
}

async function tryBuild({ uuid: id, title }: Build, wanted: WantedMedium, api: UupApi): Promise<ChosenSet> {
  const language = wanted.language.toLowerCase()
  const { langList, updateInfo } = await api.ask('listlangs', { id })
  if (updateInfo.ring.toUpperCase() !== 'RETAIL') {
    throw hasNone(`it is of the ring ${updateInfo.ring || '(none)'}`)
  }
  if (!langList.some((one) => one.toLowerCase() === language)) {
    throw hasNone(`it has no language ${wanted.language}`)
  }
  const { editionList } = await api.ask('listeditions', { id, lang: language })
  const edition = editionList.find((one) => one.toLowerCase() === wanted.edition.toLowerCase())?.toLowerCase()
  if (edition === undefined) {
    throw hasNone(`it has no edition ${wanted.edition}, but ${editionList.slice(0, 30).join(', ')}`)
  }
  const set = { id, language, edition }
  return { set, title, files: checkFiles(await api.files(set)) }
}

/** Undefined, with a note of why, where one build or search does not do. */
async function tolerant<T>(failures: string[], what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const refused = error instanceof UupRefusal || (isOsrunError(error) && error.code === 'MEDIUM_UNAVAILABLE')
    if (!refused) {
      throw error
    }
    failures.push(`${what}: ${error.message}`)
    return undefined
  }
}

/** The error of a source for what UUP dump refuses. */
export function asUnavailable(error: unknown): unknown {
  return error instanceof UupRefusal ? new OsrunError('MEDIUM_UNAVAILABLE', error.message, { cause: error }) : error
}
