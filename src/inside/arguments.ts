import type { PathMap } from './path-map.ts'

const commands = ['run', 'related', 'watch', 'dev', 'bench', 'list', 'init', 'doctor']
const watchCommands = ['watch', 'dev']
const watchOptions = ['-w', '--watch', '--watch=true']

/** What Vitest is asked for in the guest. */
export interface VitestArguments {
  readonly argv: readonly string[]
  readonly watch: boolean
}

/**
 * The arguments of Vitest's command in the guest. Without one of its commands it runs once, unless it shall watch.
 * @throws OsrunError BAD_OPTION for a path outside of the project
 */
export function vitestArguments(given: readonly string[], map: PathMap): VitestArguments {
  const [first = ''] = given
  const watch = watchCommands.includes(first) || given.some((argument) => watchOptions.includes(argument))
  const mapped = given.map((argument) => map.argumentToGuest(argument))
  const named = commands.includes(first)
  return { argv: named || watch ? mapped : ['run', ...mapped], watch }
}

/** Where Vitest is told to write reports, as it is said on the command line. */
export function reportPlaces(given: readonly string[]): string[] {
  const places: string[] = []
  for (const [index, argument] of given.entries()) {
    const [, value] = /^--(?:outputFile(?:\.\w+)?|coverage\.reportsDirectory)(?:=(.*))?$/.exec(argument) ?? [
      undefined,
      null,
    ]
    const place = value === undefined ? given[index + 1] : value
    if (place) {
      places.push(place)
    }
  }
  return places
}

/** Vitest's arguments for a run in parts: for who merges the reports, and for each part. Both hear of the coverage. */
export function splitReporting(given: readonly string[]): { merge: string[]; parts: string[] } {
  const merge: string[] = []
  const parts: string[] = []
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? ''
    const [, value] = /^--(?:reporter|outputFile(?:\.\w+)?)(=.*)?$/s.exec(word) ?? [undefined, null]
    if (value === null) {
      parts.push(word)
      if (/^--coverage/.test(word)) {
        merge.push(word)
      }
    } else if (value === undefined) {
      merge.push(...given.slice(at, at + 2))
      at++
    } else {
      merge.push(word)
    }
  }
  return { merge, parts }
}

/** An option of osrun's: whether a value follows it. */
export interface KnownOption {
  readonly flags: readonly string[]
  readonly takesValue: boolean
}

/**
 * Where osrun's own options end: they stand before the first word that is none of them, and `--` ends them too.
 * @returns the arguments with `--` in that place
 */
export function separate(given: readonly string[], known: readonly KnownOption[]): string[] {
  let at = 0
  while (at < given.length) {
    const word = given[at] ?? ''
    if (word === '--') {
      return [...given]
    }
    const [flag] = word.split('=')
    const option = known.find(({ flags }) => flags.includes(flag ?? ''))
    if (option === undefined) {
      break
    }
    at += option.takesValue && !word.includes('=') ? 2 : 1
  }
  return [...given.slice(0, at), '--', ...given.slice(at)]
}
