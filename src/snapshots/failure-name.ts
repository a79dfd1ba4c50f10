const prefix = 'failure-'

/** The name of the snapshot that holds the state of a failed test. @param id 8 hexadecimal digits */
export function failureName(id: string): string {
  return `${prefix}${id}`
}

/** The id of such a state; undefined for any other snapshot's name. */
export function failureId(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined
}
