import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { OsrunError } from '../protocol/errors.ts'

const deadline = 30_000

/**
 * Sets the guest's clock through QEMU's guest agent: Wine cannot set the clock of the system it runs on.
 * @param socketPath the unix socket of the guest agent's serial port
 * @param time the host's time at the moment it is sent, by default
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export async function setGuestClock(socketPath: string, time?: Date): Promise<void> {
  const socket = connect(socketPath)
  socket.on('error', () => {})
  const signal = AbortSignal.timeout(deadline)
  try {
    await once(socket, 'connect', { signal })
    const reader = createInterface({ input: socket }).on('error', () => {})
    const lines = reader[Symbol.asyncIterator]()
    // What an earlier client left half said is ended by a byte that JSON does not know, and by a number of our own.
    const id = Math.floor(Math.random() * 2 ** 31)
    socket.write(Buffer.from([0xff]))
    socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`)
    await answer(lines, (message) => message.return === id, signal)
    const nanoseconds = `${(time ?? new Date()).getTime()}000000`
    socket.write(`{"execute":"guest-set-time","arguments":{"time":${nanoseconds}}}\n`)
    const { error } = await answer(lines, () => true, signal)
    if (error !== undefined) {
      throw new Error(error.desc)
    }
  } catch (cause) {
    throw new OsrunError('MACHINE_UNRESPONSIVE', `The guest's clock could not be set: ${String(cause)}`, { cause })
  } finally {
    socket.destroy()
  }
}

interface Answer {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

async function answer(
  lines: AsyncIterator<string>,
  matches: (answer: Answer) => boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const aborted = once(signal, 'abort').then(() => {
    throw new Error(`no answer within ${deadline} ms`)
  })
  aborted.catch(() => {})
  for (;;) {
    const { value, done } = await Promise.race([lines.next(), aborted])
    if (done) {
      throw new Error('the guest agent closed its port')
    }
    const message = JSON.parse(value) as Answer
    if (matches(message)) {
      return message
    }
  }
}
