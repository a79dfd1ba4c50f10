import { OsrunError } from '../protocol/errors.ts'
import type { Frame } from '../protocol/frames.ts'
import type { Connection } from './connection.ts'

/** The receiving end of one command's frames. */
export interface Stream {
  receive(frame: Frame): void
  /** The stream's end was not told: the machine, its link or the connection is gone. */
  lose(error: OsrunError): void
}

/** The commands that run at the same time on one connection, told apart by their stream numbers. */
export class Streams {
  readonly #connection: Connection
  readonly #live = new Map<number, Stream>()
  #lastStream = 0
  #lost: OsrunError | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    connection.listen({
      frame: (frame) => this.#live.get(frame.stream)?.receive(frame),
      linkLost: (error) => this.lose(error),
      closed: (error) => this.lose(error),
    })
  }

  /**
   * A number of its own for `stream`.
   * @throws OsrunError why the machine cannot be reached
   */
  open(stream: Stream): number {
    const lost = this.#connection.lost ?? this.#lost
    if (lost !== undefined) {
      throw new OsrunError(lost.code, lost.message, { cause: lost.cause })
    }
    this.#lastStream += 1
    this.#live.set(this.#lastStream, stream)
    return this.#lastStream
  }

  /** Frames for this number are dropped from now on. */
  close(number: number): void {
    this.#live.delete(number)
  }

  send(frame: Uint8Array): void {
    this.#connection.send(frame)
  }

  /** Ends every running command, and refuses new ones until `renew`. */
  lose(error: OsrunError): void {
    this.#lost = error
    this.interrupt(error)
  }

  /** Ends every running command. */
  interrupt(error: OsrunError): void {
    const streams = [...this.#live.values()]
    this.#live.clear()
    for (const stream of streams) {
      stream.lose(error)
    }
  }

  /** The machine has a new link. */
  renew(): void {
    this.#lost = undefined
    this.#connection.resetFrames()
  }
}
