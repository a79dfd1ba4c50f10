import { OsrunError } from '../protocol/errors.ts'

const prefix = 'failure-'

/** The name of the snapshot that holds the state of a failed test. @param id 8 hexadecimal digits */
export function failureName(id: string): string {
  return `${prefix}${id}`
}

/** The id of such a state; undefined for any other snapshot's name. */
export function failureId(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined
}

/** The error where there is no such state. @param where "in /the/folder" */
export function stateNotFound(id: string, where: string, ids: readonly string[], next = ''): OsrunError {
  return new OsrunError(
    'SNAPSHOT_NOT_FOUND',
    `There is no state "${id}" ${where}. States: ${ids.join(', ') || 'none'}. Older ones go when newer ones come: run the ` +
      `test again.${next}`,
  )
}
