import { setTimeout as delay } from 'node:timers/promises'
import type { OsrunServer } from '../../client/server.ts'
import type { Win } from '../../client/win.ts'
import { isAboutExposed } from '../../protocol/debug-ports.ts'
import { OsrunError } from '../../protocol/errors.ts'
import { ProgressLines, ticking } from '../../runtime/progress-lines.ts'
import { isImage } from '../../server/container.ts'
import { openRoom } from '../room.ts'
import { endedBySignal } from '../signals.ts'
import { shellExitCode } from './exit-code.ts'
import { checkRunCommand, type RunCommand } from './options.ts'
import { talk } from './talk.ts'

/** What takes no longer says nothing of its progress. */
const patience = 3000
/** As shells have it for a program whose reader is gone. */
const brokenPipe = 141

/**
 * Runs one command in a machine of its own, with this program's stdin, stdout and stderr.
 * @returns the exit code for the shell
 * @throws OsrunError
 */
export async function runInWindows(command: string, options: RunCommand, version: string): Promise<number> {
  await checkRunCommand(options)
  return endedBySignal((signal) => conduct(command, options, version, signal))
}

async function conduct(command: string, options: RunCommand, version: string, signal: AbortSignal): Promise<number> {
  await using server = await openQuietly(options, version, signal)
  // Ends whatever is waited for, in order: the command, its machine, the machine room.
  signal.addEventListener('abort', () => void server[Symbol.asyncDispose]())
  signal.throwIfAborted()
  const { guest, useSnapshot: snapshot, network, clock = 'sync' } = options
  await using win = await server.acquire({ guest, snapshot, network, clock, label: `osrun: ${command}` })
  if (options.newSnapshot !== undefined && !options.replace) {
    await checkIsNew(win, options.newSnapshot)
  }
  await forwardPorts(win, options)
  if (options.verbose || options.pause || options.showsDesktop) {
    say(`desktop: ${viewerOf(win)}`)
  }
  const code = await talk(win, command, process, signal)
  signal.throwIfAborted()
  await keepState(win, code, options)
  if (options.pause) {
    // A console in a terminal has cleared what was said before.
    say(`paused: the machine goes on until Ctrl-C; desktop: ${viewerOf(win)}`)
    await untilAborted(signal)
  }
  return code === undefined ? brokenPipe : shellExitCode(code)
}

/** Says what it does where that takes long. */
async function openQuietly(options: RunCommand, version: string, signal: AbortSignal): Promise<OsrunServer> {
  const begin = performance.now()
  let waiting: string | undefined
  const lines = new ProgressLines((line) => {
    waiting = line
    if (options.verbose || performance.now() - begin > patience) {
      process.stderr.write(`${line}\n`)
      waiting = undefined
    }
  })
  const late = setTimeout(() => waiting !== undefined && process.stderr.write(`${waiting}\n`), patience)
  const onLog = (line: string) => {
    if (options.verbose || isAboutExposed(line)) {
      say(line.replace(/^osrun: /, ''))
    }
  }
  try {
    return await ticking(lines, () => openRoom(options, version, { signal, onProgress: lines.report, onLog }))
  } finally {
    clearTimeout(late)
  }
}

async function checkIsNew(win: Win, name: string): Promise<void> {
  const names = (await win.snapshots()).map((snapshot) => snapshot.name)
  if (names.includes(name)) {
    throw new OsrunError(
      'SNAPSHOT_EXISTS',
      `A snapshot "${name}" exists already, and nothing was run. Choose another name, or add --replace.`,
    )
  }
}

async function forwardPorts(win: Win, { forwardPort = [], verbose }: RunCommand): Promise<void> {
  // What a container listens on, its owner has to publish.
  const host = isImage() ? '0.0.0.0' : '127.0.0.1'
  for (const port of forwardPort) {
    await win.port(port, { host, port })
    if (verbose) {
      say(`port ${port} of this computer leads to port ${port} of the machine`)
    }
  }
}

async function keepState(win: Win, code: number | undefined, { newSnapshot, replace, verbose }: RunCommand) {
  if (newSnapshot === undefined) {
    return
  }
  if (code !== 0) {
    say(`the command failed, so no snapshot "${newSnapshot}" was made`)
    return
  }
  await win.snapshot(newSnapshot, { replace: replace === true })
  if (verbose) {
    say(`snapshot "${newSnapshot}" is made`)
  }
}

/** In a container our own address is nobody's; the port is what its owner publishes. */
function viewerOf({ viewerUrl }: Win): string {
  return viewerUrl.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0):/, '//localhost:')
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  await delay(2 ** 31 - 1, undefined, { signal, ref: true }).catch(() => {})
}

function say(line: string): void {
  process.stderr.write(`osrun: ${line}\n`)
}
