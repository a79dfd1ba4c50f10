import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import type { WinProcess } from '../../client/spawn.ts'
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
export async function talk(
  win: Win,
  command: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { stdin, stdout, stderr } = terminal
  const unread = new AbortController()
  const options = { ...raw, signal: AbortSignal.any([signal, unread.signal]) }
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true
  const child = win.spawn(command, isTerminal ? { ...options, ...terminalOptions(command, stdout) } : options)
  const giveBack = isTerminal ? handOverTerminal(terminal, child) : () => {}
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
    giveBack()
    stdin.unpipe(child.stdin)
    stdin.pause()
    await Promise.all([flushed(stdout), flushed(stderr)])
  }
}

function terminalOptions(command: string, stdout: Terminal['stdout']) {
  return { tty: sizeOf(stdout), ...(isInteractiveShell(command) && { shell: false as const }) }
}

/** Keys and the window's size are the command's own from here on. @returns what takes the terminal back */
function handOverTerminal({ stdin, stdout }: Terminal, child: WinProcess<Uint8Array>): () => void {
  const onResize = () => {
    const { columns, rows } = sizeOf(stdout)
    child.resize(columns, rows).catch(() => {})
  }
  stdin.setRawMode?.(true)
  // The guest's console clears the window; what stood there scrolls out of it, where a person finds it.
  stdout.write('\n'.repeat(sizeOf(stdout).rows))
  stdout.on('resize', onResize)
  return () => {
    stdout.off('resize', onResize)
    stdin.setRawMode?.(false)
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
