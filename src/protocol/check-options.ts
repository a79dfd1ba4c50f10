import * as v from 'valibot'
import { OsrunError } from './errors.ts'

/** Whether an option's value is nobody's to read in an error, which ends up in logs. */
export function isSecretOption(name: string): boolean {
  return /(?:^|\.)(?:password|productKey|token)$/.test(name)
}

/**
 * Checks options that a user wrote. A schema's messages are the end of the sentence "Expected the option to be ...".
 * @param source where they stand, for the error: "the options of startServer"
 * @returns the options that were given: one that is `undefined` is left out, so that it hides no default
 * @throws OsrunError BAD_OPTION, which names the option, what was expected and what came
 */
export function checkOptions<T extends v.GenericSchema>(schema: T, options: unknown, source: string): v.InferOutput<T> {
  const checked = v.safeParse(schema, options)
  if (checked.success) {
    return withoutUndefined(checked.output as object) as v.InferOutput<T>
  }
  const [issue] = checked.issues
  const name = v.getDotPath(issue)
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const known =
      issue.path?.length === 1 && 'entries' in schema
        ? `; the options are ${Object.keys(schema.entries as object).join(', ')}`
        : ''
    throw new OsrunError('BAD_OPTION', `Unknown option \`${name}\` in ${source}${known}`)
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined' && name !== null) {
    throw new OsrunError('BAD_OPTION', `The option \`${name}\` is missing in ${source}`)
  }
  const what = name === null ? source : `the option \`${name}\` in ${source}`
  const expected = issue.type === 'strict_object' ? 'an object' : issue.message
  throw new OsrunError(
    'BAD_OPTION',
    `Expected ${what} to be ${expected}, got ${name !== null && isSecretOption(name) ? `a ${typeof issue.input}` : issue.received}`,
  )
}

/** The options that have a value: one that is there and `undefined` may not be given where it may be left out. */
export function withoutUndefined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
