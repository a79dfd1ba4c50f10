/** Elements of an answer file that hold a password. */
export type PasswordElement = 'Password' | 'AdministratorPassword'

/** A password as an answer file has it where `PlainText` is false: the element's name is part of it. It hides nothing. */
export function encodePassword(password: string, element: PasswordElement): string {
  return Buffer.from(password + element, 'utf16le').toString('base64')
}

/** The password in an element's value, or undefined where the value is no such element's. */
export function decodePassword(value: string, element: PasswordElement): string | undefined {
  const text = Buffer.from(value, 'base64').toString('utf16le')
  return text.endsWith(element) ? text.slice(0, -element.length) : undefined
}

/**
 * What is wrong with a password for the account, or undefined. A server refuses what its policy finds too simple, and
 * asks a person for another: the installation would stand still.
 */
export function passwordProblem(password: string, user: string, family: 'client' | 'server'): string | undefined {
  if (family === 'client') {
    return undefined
  }
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length
  if (password.length < 7 || kinds < 3 || password.toLowerCase().includes(user.toLowerCase())) {
    return (
      'at least 7 characters of three kinds (small letters, capitals, digits, others) without the name of the user, ' +
      "as a server's policy has it"
    )
  }
  return undefined
}
