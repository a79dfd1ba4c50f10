import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { LastWords } from '../../machines/last-words.ts'
import { OsrunError } from '../../protocol/errors.ts'

/** A command line: the program and its arguments. */
export type CommandLine = readonly [string, ...string[]]

/** 7-Zip is `7zz` at its maker and in Debian 12, and `7z` from Debian 13 on. */
export const otherNames: Readonly<Record<string, string>> = { '7zz': '7z' }

/** How a program of the builder is run. */
export interface Running {
  /** The working folder, to which names in the command line are relative. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
  /** Goes to the program's stdin. */
  readonly input?: string
  /** Hears how far it has come, from 0 to 100. */
  readonly onPercent?: (percent: number) => void
  /** For a person, in the midst of a line: what it is for. */
  readonly what: string
}

/**
 * Runs a program to its end.
 * @returns its stdout
 * @throws OsrunError HOST_INCOMPLETE where it is not there, MEDIA_BUILD_FAILED with its last words, CANCELED
 */
export async function runProgram(command: CommandLine, running: Running): Promise<Buffer> {
  const words = new LastWords(2000)
  const child = start(command, running)
  const hear = (piece: Uint8Array) => {
    words.add(piece)
    const percent = lastPercent(Buffer.from(piece).toString('latin1'))
    if (percent !== undefined) {
      running.onPercent?.(percent)
    }
  }
  const output: Buffer[] = []
  child.stderr.on('data', hear)
  child.stdout.on('data', (piece: Buffer) => {
    hear(piece)
    output.push(piece)
  })
  const result = await child
  if (result.failed) {
    throw failure(command, running, result, words)
  }
  return Buffer.concat(output)
}

/**
 * Runs a program whose stdout is read as a stream, until the reader has enough.
 * @throws as `runProgram`, where the reader has found nothing and the program has failed
 */
export async function readProgram<T>(
  command: CommandLine,
  running: Running,
  read: (stdout: AsyncIterable<Uint8Array>) => Promise<T | undefined>,
): Promise<T | undefined> {
  const words = new LastWords(2000)
  const child = start(command, running)
  child.stderr.on('data', words.add)
  // A stream that the reader leaves is destroyed, and the program ends of that or of the signal.
  const found = await read(child.stdout).catch(() => undefined)
  if (found !== undefined) {
    child.kill('SIGKILL')
  }
  const result = await child
  if (found === undefined && result.failed) {
    throw failure(command, running, result, words)
  }
  return found
}

function start([program, ...words]: CommandLine, { folder, signal, input }: Running) {
  return execa(nameHere(program), words, {
    cwd: folder,
    reject: false,
    buffer: false,
    encoding: 'buffer',
    stdout: 'pipe',
    stderr: 'pipe',
    // Windows knows no difference between them, and neither do its media.
    env: { WIMLIB_IMAGEX_IGNORE_CASE: '1', LC_ALL: 'C.UTF-8' },
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
}

function nameHere(program: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const isHere = (name: string) => folders.some((folder) => existsSync(join(folder, name)))
  const other = otherNames[program]
  return other !== undefined && !isHere(program) && isHere(other) ? other : program
}

/** The last "12%" or "12.34%" in a piece of output. */
export function lastPercent(text: string): number | undefined {
  const percent = Number([...text.matchAll(/(\d{1,3}(?:\.\d+)?)%/g)].at(-1)?.[1] ?? Number.NaN)
  return percent <= 100 ? percent : undefined
}

interface Ended {
  readonly isCanceled: boolean
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly originalMessage?: string | undefined
}

function failure([program]: CommandLine, { what }: Running, ended: Ended, words: LastWords): OsrunError {
  if (ended.isCanceled) {
    return new OsrunError('CANCELED', `Making install media was canceled while ${what}.`)
  }
  if (ended.exitCode === undefined && ended.signal === undefined) {
    return new OsrunError(
      'HOST_INCOMPLETE',
      `${program} does not start (${ended.originalMessage}), and ${what} needs it. Run \`osrun doctor --install\`.`,
    )
  }
  const how = ended.exitCode === undefined ? `was ended by ${ended.signal}` : `ended with exit code ${ended.exitCode}`
  return new OsrunError('MEDIA_BUILD_FAILED', `${program} ${how} while ${what}. Its last words:\n${words}`)
}
