import { InvalidArgumentError, Option } from 'commander'
import * as v from 'valibot'
import { defaultCache, optionsFromEnvironment, serverOptionEntries, toMiB, wholeNumber } from '../runtime/settings.ts'

/** Where guests and snapshots are kept. */
export function cacheOption(): Option {
  return new Option('--cache <folder>', 'folder for guests and snapshots').default(defaultCache(process.env))
}

export function accelOption(description: string): Option {
  return new Option('--accel <name>', description)
    .choices(['auto', 'kvm', 'hvf', 'tcg'])
    .default('auto')
    .env('OSRUN_ACCEL')
}

export function guestFilesOption(): Option {
  return new Option('--guest-files <folder>', 'folder of ready-made guests').env('OSRUN_GUEST_FILES')
}

/** The guest where no option says which. */
export function defaultGuest(): string {
  return optionsFromEnvironment(process.env).guest ?? 'wine'
}

/** The first is the default. */
export function choice(flags: string, ...names: readonly [string, ...string[]]): Option {
  return new Option(flags, names.join(', ').replace(/, ([^,]*)$/, ' or $1')).argParser(oneOf(names)).default(names[0])
}

function oneOf(names: readonly string[]) {
  return (text: string): string => {
    if (!names.includes(text)) {
      throw new InvalidArgumentError(`Expected ${names.join(', ')}.`)
    }
    return text
  }
}

/** Reads a number by the check that the option of this name has in a program's options, too. */
export function readCount(option: 'machines' | 'standbys' | 'cpus') {
  return reader(serverOptionEntries[option], toNumber)
}

/** Reads an amount of memory, e.g. `2GiB`, as MiB. */
export function readMemory(text: string): number {
  return toMiB(reader(serverOptionEntries.memory, (given) => given)(text) ?? text)
}

/** Reads a whole number within these bounds. */
export function readNumber(least: number, most: number): (text: string) => number {
  return reader(wholeNumber(most, least), toNumber)
}

function reader<T extends v.GenericSchema>(schema: T, read: (text: string) => unknown) {
  return (text: string): v.InferOutput<T> => {
    const checked = v.safeParse(schema, read(text))
    if (!checked.success) {
      // Commander says which option it is, and what came.
      throw new InvalidArgumentError(`Expected ${checked.issues[0].message}.`)
    }
    return checked.output
  }
}

// Number reads more than numbers: '', '0x10', '1e3'.
function toNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}
