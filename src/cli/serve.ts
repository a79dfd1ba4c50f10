import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { viewerAddress } from '../client/viewer-address.ts'
import { formatReadyLine } from '../protocol/ready.ts'
import { isContainer } from '../server/container.ts'
import { serve } from '../server/serve.ts'
import { onEndingSignal } from './signals.ts'

/** Options of `osrun serve`, as the command line gives them. */
export interface ServeCommand {
  readonly host: string
  readonly port: number
  readonly tokenFile?: string
  readonly cache: string
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly machines?: number
  readonly standbys?: number
  readonly tempDrive?: boolean
  /** MiB */
  readonly memory?: number
  readonly cpus?: number
  readonly exitWhenIdle?: number
  readonly guestFiles?: string
  readonly expose?: boolean
}

/** Serves until a signal or idleness ends it. @returns the exit code */
export async function serveCommand(options: ServeCommand, version: string): Promise<number> {
  // Who read what we say may be killed before we are; the machines still have to be ended in order.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {})
  }
  const log = (line: string) => process.stderr.write(`osrun: ${line}\n`)
  const { token, made } = await readToken(options.tokenFile)
  const served = await serve({
    ...options,
    cache: resolve(options.cache),
    memoryMiB: options.memory,
    // What a container listens on, its owner has to publish; on a host it would be the neighbours'.
    exposeHost: isContainer() ? options.host : '127.0.0.1',
    token,
    version,
    log,
  })
  const signaled = new Promise<string>(onEndingSignal)
  process.stdout.write(`${formatReadyLine(served.url)}\n`)
  if (made) {
    log(`token ${token}`)
    // Of all interfaces a browser on this computer takes the loopback.
    const url = served.url.replace(/\/\/(0\.0\.0\.0|\[::\])/, '//127.0.0.1')
    log(`the machines can be watched at ${viewerAddress({ url, token }, '/')}`)
  }
  const why = await Promise.race([signaled, served.idle.then(() => 'no client left')])
  log(`stopping: ${why}`)
  await served.close()
  return 0
}

// A file, so that the token stands in no process list and in no container's description.
export async function readToken(file?: string): Promise<{ token: string; made: boolean }> {
  const fromEnvironment = process.env['OSRUN_TOKEN']
  if (file !== undefined) {
    const token = (await readFile(file, 'utf8')).trim()
    await rm(file, { force: true })
    return { token, made: false }
  }
  return fromEnvironment
    ? { token: fromEnvironment, made: false }
    : { token: randomBytes(16).toString('hex'), made: true }
}
