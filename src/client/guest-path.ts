import { OsrunError } from '../protocol/errors.ts'

/** The path of something below a folder of the guest. @param relative with `/` between names */
export function below(folder: string, relative: string): string {
  return `${folder.replace(/[\\/]+$/, '')}\\${relative.replaceAll('/', '\\')}`
}

/** True where a path says by its end that it is a folder to put things into. */
export function namesFolder(path: string): boolean {
  return /[\\/]$/.test(path)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: -- Windows forbids control characters in names
const impossible = /[<>:"|?*\\\u0000-\u001f]|[. ]$/
const devices = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?$/i

/**
 * Checks that Windows can have these files in one folder, before the first of them travels.
 * @param files paths with `/` between names, relative to the folder
 * @throws OsrunError BAD_OPTION naming the file, or the two that differ in case only
 */
export function checkWindowsNames(files: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const file of files) {
    const wrong = file.split('/').find((name) => impossible.test(name) || devices.test(name))
    if (wrong !== undefined) {
      throw new OsrunError('BAD_OPTION', `Windows cannot have a file named ${JSON.stringify(wrong)}: ${file}`)
    }
    const twin = seen.get(file.toLowerCase())
    if (twin !== undefined) {
      throw new OsrunError(
        'BAD_OPTION',
        `Windows takes ${twin} and ${file} for one file: their names differ in case only`,
      )
    }
    seen.set(file.toLowerCase(), file)
  }
}

/**
 * A name that the guest told, as a path of this computer below some folder: a guest is not trusted.
 * @param name relative, with `\` between names
 * @throws OsrunError AGENT_PROTOCOL where it would lead out of the folder
 */
export function hostPath(name: string): string {
  const parts = name.split('\\')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[/\0]/.test(part))) {
    throw new OsrunError(
      'AGENT_PROTOCOL',
      `The guest named a file ${JSON.stringify(name)}, which leads out of its folder`,
    )
  }
  return parts.join('/')
}
