import * as v from 'valibot'
import type { Win } from '../../src/client/win.ts'
import { checkOptions } from '../../src/protocol/check-options.ts'
import { OsrunError } from '../../src/protocol/errors.ts'
import { checkWin, type MatcherOutcome, type MatcherThis, type PollOptions, poll, pollEntries, wanted } from './poll.ts'

/**
 * A value of the registry: text of REG_SZ and REG_EXPAND_SZ, the number of REG_DWORD, a bigint of REG_QWORD, the texts of
 * REG_MULTI_SZ, and of others such as REG_BINARY the hexadecimal digits.
 */
export type RegistryValue = string | number | bigint | readonly string[]

const options = v.strictObject(pollEntries)

/**
 * The machine's registry has this value.
 * @param key e.g. `HKCU\Software\App`
 * @param name empty for the key's default value
 * @param value what it is, or a matcher such as `expect.stringMatching(/^1\./)`; anything when left out
 */
export async function toHaveRegistryValue(
  this: MatcherThis,
  received: unknown,
  key: string,
  name: string,
  ...rest: [value?: unknown, options?: PollOptions]
): Promise<MatcherOutcome> {
  const win = checkWin(received, 'toHaveRegistryValue')
  const [value, pollOptions = {}] = rest
  const checked = checkOptions(options, pollOptions, 'the options of `toHaveRegistryValue`') as PollOptions
  const fits = (seen: RegistryValue | undefined) =>
    seen !== undefined && (value === undefined || this.equals(seen, value))
  const seen = await poll(
    () => query(win, key, name),
    (each) => fits(each) === wanted(this),
    checked,
  )
  const pass = fits(seen)
  const what = `${key}, value ${name === '' ? '(default)' : name}`
  if (pass) {
    const is = value === undefined ? `; it is ${JSON.stringify(seen, stringify)}` : ', but it is'
    return { pass, message: () => `expected the registry not to have ${what}${value === undefined ? '' : ' so'}${is}` }
  }
  if (seen === undefined) {
    const there = await describeKey(win, key)
    return { pass, message: () => `expected the registry to have ${what}\n\n${there}` }
  }
  return { pass, message: () => `expected another value of ${what}`, actual: seen, expected: value }
}

async function query(win: Win, key: string, name: string): Promise<RegistryValue | undefined> {
  const value = name === '' ? ['/ve'] : ['/v', name]
  const { stdout, exitCode, stderr } = await win.run(['reg', 'query', key, ...value], { reject: false })
  if (exitCode === 0) {
    return parseValue(stdout)
  }
  if (exitCode === 1) {
    return undefined
  }
  throw new OsrunError('SPAWN_FAILED', `\`reg query ${key}\` failed with exit code ${exitCode}: ${stderr}`)
}

/** The value in what `reg query` says of one. The name before it is in the system's language where it is the default's. */
export function parseValue(stdout: string): RegistryValue | undefined {
  const [, type, text = ''] = /^ {4}\S.*? {4}(REG_[A-Z_]+)(?: {4}([\s\S]*))?$/m.exec(stdout.replace(/\n+$/, '')) ?? []
  switch (type) {
    case undefined:
      return undefined
    case 'REG_DWORD':
      return Number(text)
    case 'REG_QWORD':
      return BigInt(text)
    case 'REG_MULTI_SZ':
      return text.split('\\0').filter((each) => each !== '')
    default:
      return text
  }
}

async function describeKey(win: Win, key: string): Promise<string> {
  const { stdout, exitCode } = await win.run(['reg', 'query', key], { reject: false })
  if (exitCode !== 0) {
    return 'There is no such key.'
  }
  const values = stdout.split('\n').filter((line) => / {4}REG_/.test(line))
  return values.length === 0 ? 'The key is there; it has no values.' : `The key has:\n${values.slice(0, 20).join('\n')}`
}

function stringify(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}
