import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Win } from '../../client/win.ts'

/** The streams of this program that a command in the guest is given. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
  readonly stdout: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>
  readonly stderr: NodeJS.WritableStream
}

/**
 * Runs a command with this program's own stdin, stdout and stderr, byte for byte; with a terminal of its own where both
 * stdin and stdout are one. Resolves when all of its output is written, with its exit code, or undefined where it was
 * ended: by `signal`, or because nobody reads its output any more.
 * @throws OsrunError of `Win.spawn`
 */
export function talk(win: Win, command: string, terminal: Terminal, signal: AbortSignal): Promise<number | undefined> {
  const { stdin, stdout } = terminal
  return stdin.isTTY && stdout.isTTY
    ? talkByTerminal(win, command, terminal, signal)
    : talkByPipes(win, command, terminal, signal)
}

async function talkByPipes(
  win: Win,
  command: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { stdin, stdout, stderr } = terminal
  const unread = new AbortController()
  const child = win.spawn(command, { ...raw, signal: AbortSignal.any([signal, unread.signal]) })
  // Stays: what was written before the first failure fails too.
  const onError = () => unread.abort(new Error('nobody reads the output any more'))
  stdout.on('error', onError)
  stderr.on('error', onError)
  child.stdin.on('error', () => {})
  stdin.pipe(child.stdin)
  child.stdout.pipe(stdout, { end: false })
  child.stderr.pipe(stderr, { end: false })
  try {
    const { exitCode } = await child
    if (exitCode !== undefined) {
      await Promise.race([Promise.all([finished(child.stdout), finished(child.stderr)]), once(unread.signal, 'abort')])
    }
    return exitCode
  } finally {
    stdin.unpipe(child.stdin)
    stdin.pause()
    await Promise.all([flushed(stdout), flushed(stderr)])
  }
}

async function talkByTerminal(
  win: Win,
  command: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { stdin, stdout } = terminal
  const shell = isInteractiveShell(command) ? { shell: false as const } : {}
  const child = win.spawn(command, { ...raw, ...shell, tty: sizeOf(stdout), signal })
  const onResize = () => {
    const { columns, rows } = sizeOf(stdout)
    child.resize(columns, rows).catch(() => {})
  }
  child.stdin.on('error', () => {})
  child.stderr.resume()
  // Ctrl-C is the command's own.
  stdin.setRawMode?.(true)
  stdin.pipe(child.stdin)
  child.stdout.pipe(stdout, { end: false })
  stdout.on('resize', onResize)
  try {
    const { exitCode } = await child
    await finished(child.stdout)
    return exitCode
  } finally {
    stdout.off('resize', onResize)
    stdin.unpipe(child.stdin)
    stdin.setRawMode?.(false)
    stdin.pause()
    await flushed(stdout)
  }
}

/** A shell that a person talks with is not started by another shell, which Ctrl-C would end. */
function isInteractiveShell(command: string): boolean {
  return /^\s*(cmd|powershell|pwsh)(\.exe)?(\s+[^&|<>^]*)?$/i.test(command)
}

const mostCells = 1000
const raw = { encoding: 'buffer', buffer: false, reject: false } as const

// A terminal that has not been told its size says 0.
function sizeOf({ columns, rows }: Terminal['stdout']) {
  return { columns: Math.min(columns || 80, mostCells), rows: Math.min(rows || 24, mostCells) }
}

function flushed(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) {
      resolve()
      return
    }
    stream.write('', () => resolve())
  })
}
