/** Whether two names are one: Windows writes capitals where it likes to. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/**
 * Whether two EDITIONIDs name one edition. Evaluations call theirs by the name of the full one with `Eval` behind, before
 * the `Core` of a server without a desktop: who wants `ServerStandard` takes `ServerStandardEval`, where that is what
 * there is.
 */
export function sameEdition(one: string, other: string): boolean {
  return plain(one) === plain(other)
}

/** EDITIONID of the server's edition that `edition` is without a desktop, or undefined where it is no such. */
export function withDesktop(edition: string): string | undefined {
  return /^(Server.+)Core$/i.exec(edition)?.[1]
}

function plain(edition: string): string {
  return edition.toLowerCase().replace(/eval(?=(?:core)?$)/, '')
}
