import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { OsrunError } from '../protocol/errors.ts'

/** How long to wait for QEMU's guest agent. */
export interface Patience {
  /** Milliseconds; 30,000 by default. */
  readonly deadline?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Says one command to QEMU's guest agent and resolves with what it answers.
 * @param socketPath the unix socket of the agent's serial port
 * @param command JSON, made at the moment it is sent
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export async function askGuestAgent(
  socketPath: string,
  command: () => string,
  { deadline = 30_000, signal: given }: Patience = {},
): Promise<unknown> {
  const timeout = AbortSignal.timeout(deadline)
  const signal = given === undefined ? timeout : AbortSignal.any([timeout, given])
  const socket = connect(socketPath)
  socket.on('error', () => {})
  try {
    await once(socket, 'connect', { signal })
    const lines = linesOf(socket)
    // What an earlier client left half said is ended by a byte that JSON does not know, and by a number of our own.
    const id = Math.floor(Math.random() * 2 ** 31)
    socket.write(Buffer.from([0xff]))
    socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`)
    await answer(lines, (message) => message.return === id, signal)
    socket.write(`${command()}\n`)
    const { return: result, error } = await answer(lines, () => true, signal)
    if (error !== undefined) {
      throw new Error(error.desc)
    }
    return result
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('MACHINE_UNRESPONSIVE', `QEMU's guest agent did not do what it was told: ${why}`, { cause })
  } finally {
    socket.destroy()
  }
}

interface Answer {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

function linesOf(socket: Socket): AsyncIterator<string> {
  return createInterface({ input: socket })
    .on('error', () => {})
    [Symbol.asyncIterator]()
}

async function answer(
  lines: AsyncIterator<string>,
  matches: (answer: Answer) => boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const over = new AbortController()
  const aborted = once(signal, 'abort', { signal: over.signal }).then(() => {
    throw new Error('it did not answer in time')
  })
  aborted.catch(() => {})
  try {
    signal.throwIfAborted()
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), aborted])
      if (done) {
        throw new Error('it closed its port')
      }
      const message = JSON.parse(value) as Answer
      if (matches(message)) {
        return message
      }
    }
  } finally {
    over.abort()
  }
}
