import { EventEmitter } from 'node:events'
import { pressKeys } from '../machines/keyboard.ts'
import type { Machine } from '../machines/machine.ts'
import { moveMouse } from '../machines/mouse.ts'
import { takeScreenshot } from '../machines/screenshot.ts'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import { encodeFrame, type Frame, frameType } from '../protocol/frames.ts'
import { clientFrameNames, type Parameters, type SnapshotInfo } from '../protocol/messages.ts'
import { bake } from '../snapshots/bake.ts'
import { snapshotExists, type Template } from '../snapshots/store.ts'
import { guestClock } from './clock.ts'
import { LinkKeeper, type LinkLoss } from './link-keeper.ts'
import type { Supplied } from './standbys.ts'
import { agentDeadline, connectBooting, greetingOf, reconnect, type Terms } from './terms.ts'

const clientFrames: ReadonlySet<number> = new Set(clientFrameNames.map((name) => frameType[name]))
const openingFrames: ReadonlySet<number> = new Set([frameType.exec, frameType.file, frameType.connect, frameType.type])
const closingFrames: ReadonlySet<number> = new Set([frameType.exit, frameType.error, frameType.done])
const streamFrames: ReadonlySet<number> = new Set([
  ...closingFrames,
  frameType.started,
  frameType.dataOut,
  frameType.dataErr,
  frameType.eofOut,
  frameType.eofErr,
  frameType.window,
])

interface LeaseEvents {
  frame: [Uint8Array]
  drain: []
  'link-lost': [LinkLoss]
  'link-restored': []
}

/**
 * One client's machine. It can be another QEMU after a restore; the lease stays the same. Emits `frame` with the bytes
 * of each frame for the client, `drain`, `link-lost` when the machine or its agent is gone, and `link-restored` when
 * the agent of the same machine answers again.
 */
export class Lease extends EventEmitter<LeaseEvents> {
  /** Names this lease among those of the server, also after a restore. */
  readonly id: string
  #terms: Terms
  /** Streams that a client has opened and that have not ended. */
  readonly #running = new Set<number>()
  readonly #ending = Promise.withResolvers<void>()
  /** Ends what nobody waits for any more. */
  readonly #over = new AbortController()
  #template: Template
  #machine: Machine
  #keeper: LinkKeeper
  #held = false
  #busy: Promise<unknown> = Promise.resolve()

  /** @param supplied a running machine of the snapshot that the terms ask for */
  constructor(terms: Terms, { restored: { machine, template }, secret }: Supplied) {
    super()
    this.#terms = { ...terms, secret }
    this.id = machine.name
    this.#template = template
    this.#machine = machine
    this.#keeper = this.#keep(machine)
  }

  /** Resolves when the machine is gone. */
  get released(): Promise<void> {
    return this.#ending.promise
  }

  describe() {
    const { wish, home } = this.#terms
    return {
      machine: this.#machine.name,
      guest: wish.guest,
      snapshot: this.#template.manifest.name,
      label: wish.label,
      shells: [...home.guest.shells],
      viewer: `/machines/${this.id}`,
    }
  }

  /** Unix socket on which the machine of this moment shows its screen by VNC. */
  get screenSocket(): string {
    return this.#machine.screenSocket
  }

  /** The host's port that leads to the agent of this moment's machine. */
  agentPort(): Promise<number> {
    return this.#machine.agentPort()
  }

  /** Passes a client's frame to the machine. False when the client should wait for `drain`. */
  relay(frame: Frame): boolean {
    if (!clientFrames.has(frame.type) || frame.stream === 0 || frame.stream >= 0x8000_0000) {
      throw new OsrunError('SERVER_PROTOCOL', `A client may not send a frame of type ${frame.type} on ${frame.stream}.`)
    }
    if (!this.#keeper.stands) {
      return true
    }
    if (openingFrames.has(frame.type)) {
      this.#running.add(frame.stream)
    } else if (!this.#running.has(frame.stream)) {
      // Said before the client heard that the stream has ended, perhaps with the agent that it was opened in.
      return true
    }
    return this.#keeper.send(encodeFrame(frame.type, frame.stream, frame.payload))
  }

  /** Stops or goes on taking the machine's output, which waits in the guest meanwhile. */
  hold(paused: boolean): void {
    this.#held = paused
    this.#keeper.hold(paused)
  }

  screenshot() {
    return takeScreenshot(this.#machine)
  }

  snapshots(): Promise<SnapshotInfo[]> {
    return this.#terms.home.store.list()
  }

  /** Types on the machine's keyboard. */
  keyboard({ keys }: Parameters<'keyboard'>): Promise<void> {
    return this.#alone(() => pressKeys(this.#machine, keys, this.#over.signal))
  }

  /** @throws OsrunError BAD_OPTION for a point that is not on the screen */
  mouse(wish: Parameters<'mouse'>): Promise<void> {
    return this.#alone(() => moveMouse(this.#machine, wish))
  }

  /** Reads the guest's clock, in milliseconds since 1970, after setting it where `set` is given. */
  clock({ set }: Parameters<'clock'>): Promise<number> {
    return this.#alone(() => guestClock(this.#machine, this.#terms.home.guest.clockSetter, set))
  }

  /** Replaces the machine by a fresh one. @param name the lease's own snapshot by default */
  restore(name: string | undefined): Promise<void> {
    return this.#alone(async () => {
      const snapshot = name ?? this.#template.manifest.name
      // Before the machine is given up for one that cannot be had.
      await this.#terms.home.store.get(snapshot)
      await this.#forsake()
      try {
        const [{ restored, secret }] = await Promise.all([
          this.#terms.room.replace(this.#terms, snapshot, this.#over.signal),
          this.#machine.release(),
        ])
        this.#terms = { ...this.#terms, secret }
        this.#template = restored.template
        this.#machine = restored.machine
      } catch (error) {
        this.emit('link-lost', { error: toOsrunError(error), retrying: false })
        throw error
      }
      this.#keeper = this.#keep(this.#machine)
    })
  }

  /** Restarts the guest; what ran in it is gone. Resolves when its agent answers again. */
  reboot(): Promise<void> {
    return this.#alone(async () => {
      await this.#forsake()
      try {
        await this.#machine.restart(this.#over.signal)
        await connectBooting(this.#terms, this.#machine, this.#over.signal)
      } catch (error) {
        this.emit('link-lost', { error: toOsrunError(error), retrying: false })
        throw error
      }
      this.#keeper = this.#keep(this.#machine)
    })
  }

  /** Makes a snapshot of the machine as it is now. */
  snapshot(name: string, replace: boolean): Promise<SnapshotInfo> {
    return this.#alone(async () => {
      const { store, guest, key } = this.#terms.home
      if (!replace && (await store.find(name)) !== undefined) {
        throw snapshotExists(name)
      }
      await this.#keeper.settled
      if (this.#running.size > 0) {
        throw stillRunning(this.#running.size)
      }
      // Where the agent did not come back, this says so.
      const { link } = this.#machine
      if (link.lost !== undefined) {
        throw link.lost
      }
      await this.#keeper.stop()
      const parent = this.#template.manifest.name
      const identity = { guest: guest.name, name, key, parent }
      const greeting = greetingOf(this.#terms)
      const { programs } = this.#terms.room
      try {
        await bake({
          ...{ programs, machine: this.#machine, place: this.#terms.room.place(), store, identity, replace },
          ...{ greeting, agentDeadline },
        })
      } finally {
        this.#keeper = this.#keep(this.#machine)
      }
      const made = (await store.list()).find((info) => info.name === name)
      if (made === undefined) {
        throw new OsrunError('SNAPSHOT_FAILED', `Snapshot "${name}" was removed as soon as it was made.`)
      }
      return made
    })
  }

  /** Ends the machine, and what still waits for it. Safe to call twice. */
  async release(): Promise<void> {
    this.removeAllListeners()
    this.#over.abort(new OsrunError('CANCELED', 'The machine was released.'))
    // Before the wait: a snapshot may itself wait for a link that is being brought back.
    await this.#keeper.stop()
    await this.#busy
    await this.#keeper.stop()
    await this.#machine.release()
    this.#ending.resolve()
  }

  #keep(machine: Machine): LinkKeeper {
    const keeper = new LinkKeeper(machine, (hasRestarted, signal) =>
      reconnect(this.#terms, machine, hasRestarted, signal),
    )
    keeper.on('frame', (frame) => this.#pass(frame))
    keeper.on('drain', () => this.emit('drain'))
    keeper.on('lost', (loss) => {
      this.#running.clear()
      this.emit('link-lost', loss)
    })
    keeper.on('restored', () => this.emit('link-restored'))
    keeper.hold(this.#held)
    keeper.start()
    return keeper
  }

  /** The machine's streams are gone, and nobody follows its link any more. */
  async #forsake(): Promise<void> {
    await this.#keeper.stop()
    this.#running.clear()
    // Whoever waits to send more waits in vain.
    this.emit('drain')
  }

  #pass(frame: Frame): void {
    if (!streamFrames.has(frame.type) || frame.stream >= 0x8000_0000) {
      return
    }
    if (closingFrames.has(frame.type)) {
      this.#running.delete(frame.stream)
    }
    this.emit('frame', encodeFrame(frame.type, frame.stream, frame.payload))
  }

  // Each of these works on what another would replace.
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(() => {
      this.#over.signal.throwIfAborted()
      return work()
    })
    this.#busy = result.catch(() => {})
    return result
  }
}

function stillRunning(count: number): OsrunError {
  const what =
    count === 1 ? 'One command, file transfer or connection' : `${count} commands, file transfers or connections`
  return new OsrunError(
    'SNAPSHOT_FAILED',
    `${what} of this test to the guest ${count === 1 ? 'is' : 'are'} still open, and a snapshot holds none: await or end what was started first.`,
  )
}
