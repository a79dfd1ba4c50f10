import { OsrunError } from '../protocol/errors.ts'
import { type Frame, frameType } from '../protocol/frames.ts'
import { clientFrameNames } from '../protocol/messages.ts'

const clientFrames: ReadonlySet<number> = new Set(clientFrameNames.map((name) => frameType[name]))
const openingFrames: ReadonlySet<number> = new Set([frameType.exec, frameType.file, frameType.connect, frameType.type])
const closingFrames: ReadonlySet<number> = new Set([frameType.exit, frameType.error, frameType.done])
const agentFrames: ReadonlySet<number> = new Set([
  ...closingFrames,
  frameType.started,
  frameType.dataOut,
  frameType.dataErr,
  frameType.eofOut,
  frameType.eofErr,
  frameType.window,
])
/** The upper half of the numbers is not the client's. */
const firstForeign = 0x8000_0000

/** The streams that a client has opened in its machine and that have not ended, and the frames that belong to them. */
export class ClientStreams {
  readonly #open = new Set<number>()

  /** @throws OsrunError SERVER_PROTOCOL for a frame that no client may send */
  check({ type, stream }: Frame): void {
    if (!clientFrames.has(type) || stream === 0 || stream >= firstForeign) {
      throw new OsrunError('SERVER_PROTOCOL', `A client may not send a frame of type ${type} on ${stream}.`)
    }
  }

  /** Notes a client's frame. False where its stream has ended and the client had not heard of it yet. */
  toAgent({ type, stream }: Frame): boolean {
    if (openingFrames.has(type)) {
      this.#open.add(stream)
    }
    return this.#open.has(stream)
  }

  /** Notes an agent's frame. False where it is nothing for a client. */
  toClient({ type, stream }: Frame): boolean {
    if (closingFrames.has(type)) {
      this.#open.delete(stream)
    }
    return agentFrames.has(type) && stream < firstForeign
  }

  /** The agent that they were opened in is gone, or its machine. */
  clear(): void {
    this.#open.clear()
  }

  /** @throws OsrunError SNAPSHOT_FAILED while one is open */
  checkNoneOpen(): void {
    const count = this.#open.size
    if (count > 0) {
      const what =
        count === 1 ? 'One command, file transfer or connection' : `${count} commands, file transfers or connections`
      throw new OsrunError(
        'SNAPSHOT_FAILED',
        `${what} of this test to the guest ${count === 1 ? 'is' : 'are'} still open, and a snapshot holds none: await or end what was started first.`,
      )
    }
  }
}
