import { join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'

/** A suite that runs in several machines, or here as well, with one report. */
export interface Merging {
  /** How many machines share the test files. */
  readonly shards: number
  /** Whether the suite runs on this computer, too. */
  readonly local: boolean
}

/** One of the runs, and the file that it leaves. */
export interface Part {
  /** For a person, e.g. `shard 1/2`. */
  readonly name: string
  /** How the report calls where it ran; none where all parts run in the same system. */
  readonly system?: string
  readonly place: 'guest' | 'here'
  readonly arguments: readonly string[]
  /** Path of its blob on this computer. */
  readonly blob: string
}

const systems: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'macos', win32: 'windows here' }
const refused = /^(-w|--watch(=.*)?|--shard(=.*)?|--merge-?[rR]eports(=.*)?)$/
const refusedCommands = ['watch', 'dev', 'list', 'init', 'bench', 'doctor']

/**
 * The runs that a suite is made of.
 * @param given Vitest's arguments that do not say how to report
 * @param folder of this computer, in the project, for what the parts leave
 * @throws OsrunError BAD_OPTION for what several runs with one report cannot do
 */
export function partsOf(
  given: readonly string[],
  folder: string,
  { shards, local }: Merging,
  platform: string = process.platform,
): Part[] {
  const [first = ''] = given
  const unfit = given.find((argument) => refused.test(argument)) ?? refusedCommands.find((command) => command === first)
  if (unfit !== undefined) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected a run with an end, which --shards and --side-by-side divide and merge themselves, got ${unfit}. Leave ` +
        'one of both away.',
    )
  }
  const command = first === 'run' || first === 'related' ? [] : ['run']
  const coverage = given.some((argument) => /^--coverage/.test(argument))
  const part = (place: Part['place'], name: string, file: string, more: readonly string[]): Part => {
    const blob = join(folder, 'blobs', `${file}.json`)
    // The default reporter says what is done while it goes on; that of the whole replaces it.
    const reporting = ['--reporter=default', '--reporter=blob', `--outputFile.blob=${blob}`]
    const covered = coverage ? [`--coverage.reportsDirectory=${join(folder, 'coverage', file)}`] : []
    const system = local ? { system: place === 'here' ? (systems[platform] ?? platform) : 'windows' } : {}
    return { name, place, blob, ...system, arguments: [...command, ...given, ...more, ...reporting, ...covered] }
  }
  const inGuests = Array.from({ length: shards }, (_each, index) => {
    const share = `${index + 1}/${shards}`
    return shards === 1
      ? part('guest', 'windows', 'windows', [])
      : part('guest', local ? `windows, shard ${share}` : `shard ${share}`, `windows-${index + 1}`, [
          `--shard=${share}`,
        ])
  })
  const here = systems[platform] ?? platform
  return local ? [part('here', here, 'here', []), ...inGuests] : inGuests
}
