import { types } from 'node:util'
import * as v from 'valibot'
import type { Win } from '../../src/client/win.ts'
import { checkOptions } from '../../src/protocol/check-options.ts'
import { isOsrunError } from '../../src/protocol/errors.ts'
import { checkWin, type MatcherOutcome, type MatcherThis, type PollOptions, poll, pollEntries, wanted } from './poll.ts'

/** What `toHaveFile` expects besides that there is a file. */
export interface FileOptions extends PollOptions {
  /** All of its text, or a pattern that is found in it. Read as UTF-8. */
  readonly content?: string | RegExp
}

type Found = { readonly kind: 'file'; readonly content?: string } | { readonly kind: 'folder' | 'nothing' }

const options = v.strictObject({
  ...pollEntries,
  content: v.optional(v.union([v.string(), v.custom<RegExp>((value) => types.isRegExp(value))], 'text or a RegExp')),
})

/** The machine has this file. */
export async function toHaveFile(
  this: MatcherThis,
  received: unknown,
  path: string,
  fileOptions: FileOptions = {},
): Promise<MatcherOutcome> {
  const win = checkWin(received, 'toHaveFile')
  const { content, ...pollOptions } = checkOptions(options, fileOptions, 'the options of `toHaveFile`')
  const fits = (found: Found) => found.kind === 'file' && (content === undefined || fitsText(content, found.content))
  const found = await poll(
    () => look(win, path, content !== undefined),
    (seen) => fits(seen) === wanted(this),
    pollOptions as PollOptions,
  )
  const pass = fits(found)
  const near = pass || found.kind !== 'nothing' ? '' : await neighbours(win, path)
  const differs = !pass && found.kind === 'file'
  return {
    pass,
    message: () => (differs ? `expected the file ${path} to have another content` : describe(path, found, pass, near)),
    ...(differs && { actual: found.content, expected: content }),
  }
}

function fitsText(content: string | RegExp, text = ''): boolean {
  return typeof content === 'string' ? text === content : new RegExp(content).test(text)
}

async function look(win: Win, path: string, withContent: boolean): Promise<Found> {
  try {
    const { type } = await win.stat(path)
    if (type !== 'file') {
      return { kind: 'folder' }
    }
    return withContent ? { kind: 'file', content: await win.readFile(path, 'utf8') } : { kind: 'file' }
  } catch (error) {
    if (isOsrunError(error) && error.code === 'FILE_NOT_FOUND') {
      return { kind: 'nothing' }
    }
    throw error
  }
}

function describe(path: string, { kind }: Found, pass: boolean, near: string): string {
  if (pass) {
    return `expected the machine not to have the file ${path}`
  }
  const why = kind === 'folder' ? 'It is a folder.' : near
  return `expected the machine to have the file ${path}\n\n${why}`
}

const mostNeighbours = 20

/** What there is in place of it: a name is easily mistyped. */
async function neighbours(win: Win, path: string): Promise<string> {
  const folder = /^(.+)[\\/][^\\/]*$/.exec(path)?.[1]
  if (folder === undefined) {
    return 'There is no such file.'
  }
  // The drive's root is "C:\", and "C:" something else.
  const parent = folder.endsWith(':') ? `${folder}\\` : folder
  try {
    const names = (await win.readdir(parent)).map(({ name, type }) => (type === 'file' ? name : `${name}\\`)).sort()
    const more = names.length > mostNeighbours ? `\n  and ${names.length - mostNeighbours} more` : ''
    const shown = names.slice(0, mostNeighbours).map((name) => `\n  ${name}`)
    return names.length === 0 ? `${parent} is empty.` : `${parent} has:${shown.join('')}${more}`
  } catch (error) {
    const missing = isOsrunError(error) && error.code === 'FILE_NOT_FOUND'
    return missing ? `There is no folder ${parent}.` : 'There is no such file.'
  }
}
