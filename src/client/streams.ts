import { OsrunError } from '../protocol/errors.ts'
import type { Frame } from '../protocol/frames.ts'
import type { Connection } from './connection.ts'

/** The receiving end of one stream's frames. */
export interface Stream {
  receive(frame: Frame): void
  /** The stream's end was not told: the machine, its link or the connection is gone. */
  lose(error: OsrunError): void
}

/** The streams that are open at the same time on one connection, told apart by their numbers. */
export class Streams {
  readonly #connection: Connection
  readonly #live = new Map<number, Stream>()
  #lastNumber = 0
  #lost: OsrunError | undefined
  /** There while the machine's link is away and may come back. */
  #away: PromiseWithResolvers<void> | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    connection.listen({
      frame: (frame) => this.#live.get(frame.stream)?.receive(frame),
      linkLost: (error, retrying) => (retrying ? this.suspend(error) : this.lose(error)),
      linkRestored: () => this.renew(),
      closed: (error) => this.lose(error),
    })
  }

  /**
   * Waits until streams can be opened: at once, or when a link that is away has come back.
   * @throws OsrunError why the machine cannot be reached
   */
  async ready(): Promise<void> {
    await this.#away?.promise
    this.#check()
  }

  /**
   * A number of its own for `stream`.
   * @throws OsrunError why the machine cannot be reached
   */
  open(stream: Stream): number {
    this.#check()
    this.#lastNumber += 1
    this.#live.set(this.#lastNumber, stream)
    return this.#lastNumber
  }

  /** Frames for this number are dropped from now on. */
  close(number: number): void {
    this.#live.delete(number)
  }

  send(frame: Uint8Array): void {
    this.#connection.send(frame)
  }

  /** Ends every open stream, and refuses new ones until `renew`. */
  lose(error: OsrunError): void {
    this.#lost = error
    this.#interrupt(error)
    this.#come()
  }

  /** Ends every open stream, and has new ones wait until `renew` or `lose`. */
  suspend(error: OsrunError): void {
    this.#away ??= Promise.withResolvers()
    this.#interrupt(error)
  }

  /** The machine has a new link: ends every stream of the former one. */
  renew(error = new OsrunError('CANCELED', 'the machine has a new link')): void {
    this.#interrupt(error)
    this.#lost = undefined
    this.#connection.resetFrames()
    this.#come()
  }

  #come(): void {
    this.#away?.resolve()
    this.#away = undefined
  }

  #check(): void {
    const lost = this.#connection.lost ?? this.#lost
    if (lost !== undefined) {
      throw new OsrunError(lost.code, lost.message, { cause: lost.cause })
    }
  }

  #interrupt(error: OsrunError): void {
    const streams = [...this.#live.values()]
    this.#live.clear()
    for (const stream of streams) {
      stream.lose(error)
    }
  }
}
