import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { OsrunError } from '../protocol/errors.ts'
import { LastWords } from './last-words.ts'
import { describeExit, startOwnProcess } from './own-process.ts'
import type { Tpm } from './shape.ts'
import { waitFor } from './wait.ts'
import { writableCopy } from './writable-copy.ts'

/** The name of what a TPM holds, in a machine's folder and among a guest's files. */
export const tpmName = 'tpm.state'

/** A TPM that waits for its machine, or is in it. */
export interface TpmProcess {
  /** Ends it at once; resolves when it is gone. Safe to call twice. */
  kill(): Promise<void>
}

/** Where a machine's TPM goes. */
export interface TpmPlace {
  /** Of the machine. */
  readonly name: string
  readonly folder: string
  /** Unix socket on which it waits for QEMU. */
  readonly socket: string
}

const startDeadline = 30_000
const advice = '`osrun doctor --install` installs swtpm; a machine without a TPM needs no such thing.'

/** swtpm's command line, without the program. It ends with the QEMU that connects to it. */
export function tpmArguments({ folder, socket }: TpmPlace): string[] {
  return [
    ...['socket', '--tpm2', '--terminate'],
    ...['--tpmstate', `backend-uri=file://${join(folder, tpmName)}`],
    ...['--ctrl', `type=unixio,path=${socket}`],
  ]
}

/** @throws OsrunError HOST_INCOMPLETE where this host has no swtpm */
export async function demandSwtpm(): Promise<void> {
  const { failed } = await execa('swtpm', ['--version'], { reject: false, stdin: 'ignore' })
  if (failed) {
    throw new OsrunError('HOST_INCOMPLETE', `Expected the program \`swtpm\` on PATH, and found none. ${advice}`)
  }
}

/**
 * Starts a machine's TPM, with a copy of what it shall hold, and waits until QEMU can connect to it.
 * @throws OsrunError HOST_INCOMPLETE with swtpm's own words, CANCELED
 */
export async function startTpm(tpm: Tpm, place: TpmPlace, signal?: AbortSignal): Promise<TpmProcess> {
  if (tpm.state !== undefined) {
    await writableCopy(tpm.state, join(place.folder, tpmName))
  }
  const words = new LastWords()
  const child = startOwnProcess('swtpm', tpmArguments(place))
  child.stderr?.on('data', words.add)
  const exited = child.then((result) => describeExit('swtpm', result))
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
    await rm(place.socket, { force: true })
  }
  const over = new AbortController()
  try {
    await waitFor({
      what: `the TPM of machine ${place.name}`,
      ready: listens(place.socket, over.signal),
      exit: exited,
      deadline: startDeadline,
      code: 'HOST_INCOMPLETE',
      lastWords: () => words.toString(),
      next: advice,
      signal,
    })
    return { kill }
  } catch (error) {
    await kill()
    throw error
  } finally {
    over.abort()
  }
}

/** Resolves when the socket is there; swtpm says nothing when it is ready. */
async function listens(socket: string, signal: AbortSignal): Promise<void> {
  while (!existsSync(socket)) {
    await delay(5, undefined, { signal })
  }
}
