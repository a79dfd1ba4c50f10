import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { type MediaOptions, mediaOptions } from '../protocol/media-options.ts'
import { isName } from '../protocol/names.ts'

/** How the machine room runs: options of a whole run, not of one machine. */
export interface ServerOptions {
  /**
   * Where the machines run. `docker`: in a container. `host`: QEMU on this computer. An address: a machine room that
   * runs elsewhere. Default `auto`: `OSRUN_RUNTIME`, or the machine room at `OSRUN_URL` (its token in `OSRUN_TOKEN`),
   * else `docker` where a Docker Engine answers, else `host`.
   */
  readonly runtime?: 'auto' | 'docker' | 'host' | { readonly url: string; readonly token: string }
  /** How guests are run. Default `auto`, or `OSRUN_ACCEL`: the fastest that works here. */
  readonly accel?: 'auto' | 'kvm' | 'hvf' | 'tcg'
  /**
   * Folder for guests and snapshots, kept between runs. Default `OSRUN_CACHE`, else the folder `osrun` in the user's
   * cache folder (`XDG_CACHE_HOME`, else `~/.cache`).
   */
  readonly cache?: string
  /** Most machines at once, 1 to 256. Default: from the cores and the memory of where they run. */
  readonly machines?: number
  /**
   * Most machines that are restored ahead, for the next file, 0 to 256. They take of `machines` what nobody needs.
   * Default: from the cores of where they run. 0 restores each when it is asked for.
   */
  readonly standbys?: number
  /**
   * Keep in memory what the machines of the run write to their disks, in place of the cache folder: nothing wears the
   * disk, and what a slow one would cost is saved. Needs a `/dev/shm` that holds it all. Default false.
   */
  readonly tempDrive?: boolean
  /** Memory of a guest, e.g. `'2GiB'` or `'1536MiB'`. Default: the guest's own. Part of a snapshot's key. */
  readonly memory?: string
  /** Virtual CPUs of a guest, 1 to 64. Default: the guest's own. Part of a snapshot's key. */
  readonly cpus?: number
  /** From what and as what Windows is installed, where the guest is one and is not there. Nothing for `wine`. */
  readonly media?: MediaOptions
  /**
   * For debugging only: gives each machine ports on this computer's loopback by which whoever reaches them controls it,
   * without a token. `onLog` hears which. Default false.
   */
  readonly expose?: boolean
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A whole number within these bounds, as an option. */
export function wholeNumber(most: number, least = 1) {
  const expected = `a whole number from ${least} to ${most}`
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(least, expected), v.maxValue(most, expected))
}

const text = v.string('a string')
const url = v.pipe(text, v.regex(/^(?:ws|wss|http|https):\/\/[^/?#]+\/?$/, 'an address such as ws://127.0.0.1:8000'))
const token = v.pipe(text, v.nonEmpty('a token'))
/** A guest with less does not boot. */
const leastMiB = 256
const memoryPattern = /^(\d+(?:\.\d+)?) ?(MiB|GiB)$/

/** The shape of each option; a message is the end of the sentence "Expected the option to be ...". */
export const serverOptionEntries = {
  runtime: v.optional(
    v.union(
      [v.picklist(['auto', 'docker', 'host']), v.strictObject({ url, token })],
      '"auto", "docker", "host" or { url, token }',
    ),
  ),
  accel: v.optional(v.picklist(['auto', 'kvm', 'hvf', 'tcg'], '"auto", "kvm", "hvf" or "tcg"')),
  cache: v.optional(v.pipe(text, v.nonEmpty('a folder'))),
  machines: v.optional(wholeNumber(256)),
  standbys: v.optional(wholeNumber(256, 0)),
  tempDrive: v.optional(v.boolean('true or false')),
  memory: v.optional(
    v.pipe(
      text,
      v.regex(memoryPattern, 'an amount such as "2GiB" or "1536MiB"'),
      v.check((amount) => toMiB(amount) >= leastMiB, `an amount of at least ${leastMiB}MiB`),
    ),
  ),
  cpus: v.optional(wholeNumber(64)),
  media: v.optional(mediaOptions),
  expose: v.optional(v.boolean('true or false')),
}

/** A guest's or a snapshot's name, as an option. */
export const nameOption = v.optional(
  v.custom<string>(isName, 'a name of 1 to 64 lower case letters, digits, ".", "_" or "-"'),
)

/**
 * What the environment variables say.
 * @throws OsrunError BAD_OPTION, which names the variable
 */
export function optionsFromEnvironment(environment: Environment): ServerOptions & { guest?: string } {
  const read = <T extends v.GenericSchema>(variable: string, schema: T) => readVariable(environment, variable, schema)
  const address = read('OSRUN_URL', url)
  const runtime =
    address === undefined
      ? read('OSRUN_RUNTIME', v.picklist(['auto', 'docker', 'host'], '"auto", "docker" or "host"'))
      : { url: address, token: read('OSRUN_TOKEN', token) ?? missing('OSRUN_TOKEN', 'the token of OSRUN_URL') }
  const accel = read('OSRUN_ACCEL', serverOptionEntries.accel)
  const cache = read('OSRUN_CACHE', serverOptionEntries.cache)
  const guest = read('OSRUN_GUEST', nameOption)
  return { ...(runtime && { runtime }), ...(accel && { accel }), ...(cache && { cache }), ...(guest && { guest }) }
}

/** Where guests and snapshots are kept when no option says so. */
export function defaultCache(environment: Environment): string {
  const { cache } = optionsFromEnvironment(environment)
  if (cache !== undefined) {
    return cache
  }
  const base = environment.XDG_CACHE_HOME
  // The XDG specification has relative paths ignored.
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'osrun')
}

/** MiB of an amount such as `2GiB`, which was checked. */
export function toMiB(memory: string): number {
  const [, amount, unit] = memoryPattern.exec(memory) ?? []
  return Math.round(Number(amount) * (unit === 'GiB' ? 1024 : 1))
}

function readVariable<T extends v.GenericSchema>(
  environment: Environment,
  variable: string,
  schema: T,
): v.InferOutput<T> | undefined {
  const value = environment[variable]
  if (value === undefined || value === '') {
    return undefined
  }
  const checked = v.safeParse(schema, value)
  return checked.success ? checked.output : missing(variable, checked.issues[0].message, JSON.stringify(value))
}

function missing(variable: string, expected: string, got = 'nothing'): never {
  throw new OsrunError('BAD_OPTION', `Expected the environment variable ${variable} to be ${expected}, got ${got}`)
}
