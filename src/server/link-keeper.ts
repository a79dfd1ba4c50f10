import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentLink } from '../machines/agent-link.ts'
import type { Machine } from '../machines/machine.ts'
import type { QmpEvent } from '../machines/qmp.ts'
import { isReset } from '../machines/restart.ts'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import type { Frame } from '../protocol/frames.ts'

/** QEMU's end closes the link a moment before its exit is known. */
const exitGrace = 500

/** Why a machine's link is gone, and whether it is being brought back. */
export interface LinkLoss {
  readonly error: OsrunError
  readonly retrying: boolean
}

/**
 * Connects to the agent of a machine whose link was lost.
 * @param hasRestarted whether the guest has started anew meanwhile; asked once the agent answers
 */
export type Reconnect = (hasRestarted: () => boolean, signal: AbortSignal) => Promise<void>

/**
 * Follows the link of one machine, and brings it back where the agent or the guest has restarted by itself. Emits
 * `frame` and `drain` of whichever link there is, `lost`, and `restored`.
 */
export class LinkKeeper extends EventEmitter<{ frame: [Frame]; drain: []; lost: [LinkLoss]; restored: [] }> {
  readonly #machine: Machine
  readonly #reconnect: Reconnect
  readonly #over = new AbortController()
  #link: AgentLink | undefined
  #held = false
  #restarted = false
  /** Why the guest stands still, where QEMU stopped it by itself. */
  #stopped: OsrunError | undefined
  #retrying: Promise<void> = Promise.resolve()

  constructor(machine: Machine, reconnect: Reconnect) {
    super()
    this.#machine = machine
    this.#reconnect = reconnect
    machine.qemu.qmp.on('event', this.#onEvent)
  }

  /** Begins to follow; whoever listens misses nothing. */
  start(): void {
    this.#machine.stopped(this.#over.signal).then(
      (reason) => {
        this.#stopped = reason
        this.#link?.close(reason)
      },
      () => {},
    )
    try {
      this.#follow(this.#machine.link)
    } catch (error) {
      this.#lose(toOsrunError(error))
    }
  }

  /** True while the agent can be spoken to. */
  get stands(): boolean {
    return this.#link !== undefined
  }

  /** Sends to the agent what is whole frames. False when the sender should wait for `drain`. */
  send(frames: Uint8Array): boolean {
    return this.#link === undefined || this.#link.send(frames)
  }

  /** Stops or goes on reading from the agent. */
  hold(held: boolean): void {
    this.#held = held
    if (held) {
      this.#link?.pause()
    } else {
      this.#link?.resume()
    }
  }

  /** Resolves when nothing is being brought back: the link stands, or is gone for good. */
  get settled(): Promise<void> {
    return this.#retrying
  }

  /** Ends following; what is being brought back is given up. The machine and its link are the caller's afterwards. */
  async stop(): Promise<void> {
    this.removeAllListeners()
    this.#over.abort()
    this.#machine.qemu.qmp.off('event', this.#onEvent)
    this.#unfollow()
    await this.#retrying
  }

  readonly #onEvent = (event: QmpEvent): void => {
    if (isReset(event)) {
      this.#restarted = true
      // A guest that is reset says no goodbye.
      this.#link?.close(new OsrunError('MACHINE_UNRESPONSIVE', `The guest of machine ${this.#machine.name} restarted.`))
    }
  }

  #follow(link: AgentLink): void {
    this.#link = link
    link.on('frame', (frame) => this.emit('frame', frame))
    link.on('drain', () => this.emit('drain'))
    link.on('closed', (reason) => this.#lose(reason))
    if (this.#held) {
      link.pause()
    }
    if (link.lost !== undefined) {
      this.#lose(link.lost)
    }
  }

  #unfollow(): void {
    this.#link?.removeAllListeners()
    this.#link = undefined
  }

  #lose(reason: OsrunError): void {
    this.#unfollow()
    // Whoever waits to send more waits in vain.
    this.emit('drain')
    this.#retrying = this.#bringBack(reason)
  }

  async #bringBack(reason: OsrunError): Promise<void> {
    const crash = await this.crash()
    if (this.#over.signal.aborted) {
      return
    }
    this.emit('lost', { error: crash ?? reason, retrying: crash === undefined })
    if (crash !== undefined) {
      return
    }
    try {
      await this.#reconnect(() => this.#restarted, this.#over.signal)
    } catch (error) {
      const cause = (await this.crash()) ?? toOsrunError(error)
      this.emit('lost', { error: cause, retrying: false })
      return
    }
    if (!this.#over.signal.aborted) {
      this.#restarted = false
      this.emit('restored')
      this.#follow(this.#machine.link)
    }
  }

  /** The error for a guest that stands still, or a QEMU that has ended or ends just now, with its last words. */
  async crash(): Promise<OsrunError | undefined> {
    if (this.#stopped !== undefined) {
      return this.#stopped
    }
    const { name, qemu } = this.#machine
    const grace = delay(exitGrace, undefined, { ref: false, signal: this.#over.signal }).catch(() => undefined)
    const how = await Promise.race([qemu.exited, grace])
    if (how === undefined) {
      return undefined
    }
    const words = qemu.lastWords()
    return new OsrunError('MACHINE_CRASHED', `Machine ${name} is gone: ${how}.${words && `\n${words}`}`)
  }
}
