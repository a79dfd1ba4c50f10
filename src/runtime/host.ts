import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { OsrunError } from '../protocol/errors.ts'
import { parseReadyLine } from '../protocol/ready.ts'
import { roomArguments } from './room-arguments.ts'
import type { RunningServer, Runtime, RuntimeOptions } from './runtime.ts'

const oldestQemu = 10
const idleSeconds = 5
/** Milliseconds. */
const defaultDeadlines = { ready: 90_000, graceful: 15_000 }
const rememberedLines = 30

/** QEMU on this computer: the machine room is a child process. */
export const host: Runtime = {
  name: 'host',

  async unavailable() {
    const advice = 'run `npx osrun doctor --install`, or install the package qemu-system-x86'
    const found = await execa('qemu-system-x86_64', ['--version'], { reject: false, timeout: 10_000, stdin: 'ignore' })
    if (found.failed) {
      return `QEMU (qemu-system-x86_64) is not installed: ${advice}`
    }
    const version = /version (\d+)\.[\d.]+/.exec(found.stdout)
    return Number(version?.[1]) >= oldestQemu
      ? undefined
      : `QEMU ${oldestQemu}.0 or newer is needed, found "${found.stdout.split('\n')[0]}": ${advice}`
  },

  start: (options) => startServerProcess(options),
}

// Beside this module: TypeScript in the repository, JavaScript in the published package. Node runs both.
const commandModule = new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url)

/**
 * Starts `osrun serve` as a child process in a process group of its own.
 * @param command the osrun program
 * @throws OsrunError SERVER_START_FAILED with the program's last words, CANCELED
 */
export async function startServerProcess(
  options: RuntimeOptions,
  command: readonly [string, ...string[]] = [process.execPath, fileURLToPath(commandModule)],
  deadlines = defaultDeadlines,
): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun-'))
  const token = randomBytes(32).toString('hex')
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, token, { mode: 0o600 })
  const [program, ...programArguments] = command
  const child = spawnServer(program, [...programArguments, ...serveArguments(options, tokenFile)])
  const stop = stopper(child, deadlines.graceful)
  try {
    const url = await readiness(child, options, deadlines.ready)
    return { url, token, runtime: 'host', stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    // The server has read the token by now, or never will.
    await rm(folder, { recursive: true, force: true })
  }
}

/** The command line of `osrun serve` for these options. */
export function serveArguments(options: RuntimeOptions, tokenFile: string): string[] {
  const { cache, accel } = options
  return [
    ...['serve', '--host', '127.0.0.1', '--port', '0', '--token-file', tokenFile],
    ...['--cache', cache, '--accel', accel, '--exit-when-idle', String(idleSeconds)],
    ...roomArguments(options),
  ]
}

type ServerProcess = ReturnType<typeof spawnServer>

function spawnServer(program: string, programArguments: string[]) {
  return execa(program, programArguments, {
    // A group of its own: Ctrl-C in the terminal reaches us, and we end the server in order.
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
  })
}

/** The address that the server tells; raced with its exit, the deadline and the caller's signal. */
async function readiness(child: ServerProcess, { onLog, signal }: RuntimeOptions, deadline: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const lastLines: string[] = []
  const failed = (why: string, cause?: unknown) => {
    const words = lastLines.length === 0 ? 'It said nothing.' : `Its last words:\n  ${lastLines.join('\n  ')}`
    reject(new OsrunError('SERVER_START_FAILED', `The machine room did not come up: ${why}. ${words}`, { cause }))
  }
  const errors = readLines(child, 'stderr', (line) => {
    lastLines.push(line)
    lastLines.splice(0, lastLines.length - rememberedLines)
    onLog(line)
  })
  readLines(child, 'stdout', (line) => {
    const url = parseReadyLine(line)
    if (url === undefined) {
      onLog(line)
    } else {
      resolve(url)
    }
  })
  child.then(async (result) => {
    await errors
    failed(describeEnd(result), result.cause)
  })
  const timer = setTimeout(() => failed(`it was not ready after ${deadline / 1000} seconds`), deadline)
  const onAbort = () =>
    reject(new OsrunError('CANCELED', 'Starting the machine room was canceled', { cause: signal?.reason }))
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) {
    onAbort()
  }
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
}

async function readLines(child: ServerProcess, from: 'stdout' | 'stderr', hear: (line: string) => void): Promise<void> {
  try {
    for await (const line of child.iterable({ from })) {
      hear(String(line))
    }
  } catch {
    // The process's end is told elsewhere.
  }
}

function describeEnd({ exitCode, signal, originalMessage }: Awaited<ServerProcess>): string {
  if (signal !== undefined) {
    return `it was ended by ${signal}`
  }
  return exitCode === undefined ? `it could not be started (${originalMessage})` : `it ended with exit code ${exitCode}`
}

/** SIGTERM, after a while SIGKILL for the whole group. Also when this process exits: then there is no time to wait. */
function stopper(child: ServerProcess, gracefulDeadline: number): () => Promise<void> {
  const { pid } = child
  const onExit = () => signalGroup(pid, 'SIGTERM')
  process.once('exit', onExit)
  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const force = setTimeout(() => signalGroup(pid, 'SIGKILL'), gracefulDeadline)
    await child
    clearTimeout(force)
    signalGroup(pid, 'SIGKILL')
    process.off('exit', onExit)
  }
  return () => {
    stopped ??= stop()
    return stopped
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) {
    return
  }
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone.
  }
}
