import { EventEmitter } from 'node:events'
import { readClipboard, writeClipboard } from '../machines/clipboard.ts'
import { pressKeys } from '../machines/keyboard.ts'
import type { Machine } from '../machines/machine.ts'
import { moveMouse } from '../machines/mouse.ts'
import { takeScreenshot } from '../machines/screenshot.ts'
import { typeText } from '../machines/type-text.ts'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import { encodeFrame, type Frame } from '../protocol/frames.ts'
import type { LeaseStatus, Parameters, Result, SnapshotInfo } from '../protocol/messages.ts'
import { type Baking, bake } from '../snapshots/bake.ts'
import type { TemplateIdentity } from '../snapshots/finish-template.ts'
import { snapshotExists, type Template } from '../snapshots/store.ts'
import { ClientStreams } from './client-streams.ts'
import { guestClock } from './clock.ts'
import { LeaseActivity } from './lease-activity.ts'
import { LinkKeeper, type LinkLoss } from './link-keeper.ts'
import {
  agentDeadline,
  greetingOf,
  reconnect,
  restart,
  restoreFor,
  type Supplied,
  setClock,
  type Terms,
  wake,
} from './terms.ts'

/** Milliseconds in which a failed test's state is saved, or is not. */
const saveDeadline = 60_000

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
  readonly #streams = new ClientStreams()
  readonly #activity: LeaseActivity
  readonly #ending = Promise.withResolvers<void>()
  /** Ends what nobody waits for any more. */
  readonly #over = new AbortController()
  #template: Template
  #machine: Machine
  #keeper: LinkKeeper
  #held = false
  #busy: Promise<unknown> = Promise.resolve()
  /** Resolves when the machine runs and is well, or is gone. */
  #awake: Promise<void> = Promise.resolve()
  /** Frames for a machine that is not awake yet. */
  #early: Frame[] | undefined

  /** @param supplied a machine of the snapshot that the terms ask for */
  constructor(terms: Terms, supplied: Supplied) {
    super()
    const { machine, template, secret, asleep } = supplied
    this.#terms = { ...terms, secret }
    this.id = machine.name
    this.#activity = new LeaseActivity(terms.wish.label)
    this.#template = template
    this.#machine = machine
    this.#keeper = this.#keep(machine)
    this.#start(asleep)
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
      shells: [...home.guest.shells],
      viewer: `/machines/${this.id}`,
    }
  }

  /** What it is doing. */
  status(): LeaseStatus {
    const { machine, guest, snapshot } = this.describe()
    return { id: this.id, machine, guest, snapshot, ...this.#activity.describe() }
  }

  /** Says anew who the machine is for. */
  relabel(label: string): void {
    this.#activity.label = label
  }

  /** Unix socket on which the machine of this moment shows its screen by VNC. */
  get screenSocket(): string {
    return this.#machine.screenSocket
  }

  /** Unix socket of QEMU's human monitor, where the machines are exposed. */
  get monitorSocket(): string {
    return this.#machine.monitorSocket
  }

  /** Unix socket of QEMU's guest agent. */
  get guestAgentSocket(): string {
    return this.#machine.guestAgentSocket
  }

  /** The host's port that leads to the agent of this moment's machine. */
  agentPort(): Promise<number> {
    return this.#machine.agentPort()
  }

  /** Passes a client's frame to the machine. False when the client should wait for `drain`. */
  relay(frame: Frame): boolean {
    this.#streams.check(frame)
    if (this.#early !== undefined) {
      this.#early.push(frame)
      return false
    }
    if (!this.#keeper.stands || !this.#streams.toAgent(frame)) {
      return true
    }
    this.#activity.toAgent(frame)
    return this.#keeper.send(encodeFrame(frame.type, frame.stream, frame.payload))
  }

  /** Stops or goes on taking the machine's output, which waits in the guest meanwhile. */
  hold(paused: boolean): void {
    this.#held = paused
    this.#keeper.hold(paused)
  }

  async screenshot() {
    await this.#awake
    try {
      return await takeScreenshot(this.#machine)
    } catch (error) {
      throw (await this.#keeper.crash()) ?? error
    }
  }

  /** Without the states of failed tests: those are nobody's to begin a test from. */
  async snapshots(): Promise<SnapshotInfo[]> {
    const all = await this.#terms.home.store.list()
    return all.filter(({ failure }) => failure === undefined)
  }

  /** Types on the machine's keyboard. */
  keyboard({ keys }: Parameters<'keyboard'>): Promise<void> {
    return this.#alone(() => pressKeys(this.#machine, keys, this.#over.signal))
  }

  /** Types characters into the window that has the focus. @throws OsrunError MACHINE_UNRESPONSIVE */
  type(text: string): Promise<void> {
    return this.#alone(() => typeText(this.#machine.link, text))
  }

  /** The text of the guest's clipboard. @throws OsrunError MACHINE_UNRESPONSIVE */
  readClipboard(): Promise<string> {
    return this.#alone(() => readClipboard(this.#machine.link))
  }

  /** @throws OsrunError MACHINE_UNRESPONSIVE */
  writeClipboard(text: string): Promise<void> {
    return this.#alone(() => writeClipboard(this.#machine.link, text))
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
    return this.#whole('restoring', async () => {
      const snapshot = name ?? this.#template.manifest.name
      // Before the machine is given up for one that cannot be had.
      await this.#terms.home.store.get(snapshot)
      await this.#forsake()
      try {
        await this.#exchange((signal) => this.#terms.room.replace(this.#terms, snapshot, signal))
      } catch (error) {
        this.#lose({ error: toOsrunError(error), retrying: false })
        throw error
      }
    })
  }

  /** Restarts the guest; what ran in it is gone. Resolves when its agent answers again. */
  reboot(): Promise<void> {
    return this.#whole('rebooting', async () => {
      await this.#forsake()
      try {
        await restart(this.#terms, this.#machine, this.#over.signal)
      } catch (error) {
        this.#lose({ error: toOsrunError(error), retrying: false })
        throw error
      }
      this.#follow()
    })
  }

  /** Makes a snapshot of the machine as it is now. */
  snapshot({ name, replace, recipe, attached }: Parameters<'snapshot'>): Promise<SnapshotInfo> {
    return this.#whole('snapshotting', async () => {
      const { store } = this.#terms.home
      if (!replace && (await store.find(name)) !== undefined) {
        throw snapshotExists(name)
      }
      await this.#keeper.settled
      const baking = this.#baking({ name, ...(recipe && { recipe }) }, replace)
      await (attached ? this.#bakeAttached(baking) : this.#bakeDetached(baking))
      const made = await store.info(name)
      if (made === undefined) {
        throw new OsrunError('SNAPSHOT_FAILED', `Snapshot "${name}" was removed as soon as it was made.`)
      }
      return made
    })
  }

  #baking(what: Pick<TemplateIdentity, 'name' | 'recipe' | 'failure'>, replace: boolean) {
    const { home, room } = this.#terms
    const { name: guest } = home.guest
    const identity = { guest, key: home.key, parent: this.#template.manifest.name, ...what }
    const { programs } = room
    return { programs, machine: this.#machine, place: room.place(), store: home.store, identity, replace }
  }

  async #bakeDetached(baking: Baking): Promise<void> {
    this.#streams.checkNoneOpen()
    // Where the agent did not come back, this says so.
    const { link } = this.#machine
    if (link.lost !== undefined) {
      throw link.lost
    }
    await this.#keeper.stop()
    try {
      await bake({ ...baking, greet: { greeting: greetingOf(this.#terms), agentDeadline } })
    } finally {
      this.#follow()
    }
  }

  /** The machine keeps its link and its streams. */
  async #bakeAttached(baking: Baking): Promise<void> {
    await this.#checkLink()
    await bake({ ...baking, signal: this.#over.signal })
    // It stood still.
    await setClock(this.#terms, this.#machine, this.#over.signal)
  }

  async #checkLink(): Promise<void> {
    const { link } = this.#machine
    if (link.lost !== undefined || !this.#keeper.stands) {
      throw (await this.#keeper.crash()) ?? link.lost ?? new OsrunError('MACHINE_UNRESPONSIVE', 'Its agent is away.')
    }
  }

  /**
   * Keeps the machine's state for `osrun replay`. The machine stands still meanwhile, and keeps its link and its streams.
   * @throws OsrunError why there is none; the machine goes on
   */
  save({ run, file, test }: Parameters<'save'>): Promise<Result<'save'>> {
    return this.#whole('snapshotting', async () => {
      const { wish, room } = this.#terms
      await this.#checkLink()
      const deadline = AbortSignal.any([this.#over.signal, AbortSignal.timeout(saveDeadline)])
      const failure = { file, test, network: wish.network }
      return room.failures.keep(run, this.#machine.origin.shape.memoryMiB * 2 ** 20, deadline, (name) =>
        bake({ ...this.#baking({ name, failure }, false), signal: deadline }),
      )
    })
  }

  /** Ends the machine, and what still waits for it. Safe to call twice. */
  async release(): Promise<void> {
    this.removeAllListeners()
    this.#activity.turn('ending')
    this.#over.abort(new OsrunError('CANCELED', 'The machine was released.'))
    // Before the wait: a snapshot may itself wait for a link that is being brought back.
    await this.#keeper.stop()
    await this.#busy
    await this.#awake
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
      this.#streams.clear()
      this.#lose(loss)
    })
    keeper.on('restored', () => {
      this.#activity.turn('running')
      this.emit('link-restored')
    })
    keeper.hold(this.#held)
    return keeper
  }

  #lose(loss: LinkLoss): void {
    this.#activity.lose()
    this.#activity.turn(loss.retrying ? 'reconnecting' : 'lost')
    this.emit('link-lost', loss)
  }

  #follow(asleep = false): void {
    this.#keeper = this.#keep(this.#machine)
    this.#start(asleep)
  }

  /** Goes on with another machine and gives up the one it has. */
  async #exchange(supply: (signal: AbortSignal) => Promise<Supplied>): Promise<void> {
    const [{ machine, template, secret, asleep }] = await Promise.all([
      supply(this.#over.signal),
      this.#machine.release(),
    ])
    this.#terms = { ...this.#terms, secret }
    this.#template = template
    this.#machine = machine
    this.#follow(asleep)
  }

  #start(asleep: boolean): void {
    if (asleep) {
      this.#awake = this.#wake()
    } else {
      this.#keeper.start()
    }
  }

  /**
   * The client need not wait for this: what it says meanwhile is passed on when the machine is found well and its clock
   * is right. One that is not well is replaced, and nobody has seen it.
   */
  async #wake(): Promise<void> {
    const early: Frame[] = []
    this.#early = early
    try {
      await wake(this.#terms, this.#machine, this.#over.signal)
      this.#keeper.start()
    } catch (error) {
      await this.#replaceUnwell(toOsrunError(error))
    }
    this.#early = undefined
    for (const frame of early) {
      this.relay(frame)
    }
    this.emit('drain')
  }

  async #replaceUnwell({ message }: OsrunError): Promise<void> {
    if (this.#over.signal.aborted) {
      return
    }
    const { name } = this.#template.manifest
    this.#terms.room.log(`a standby of snapshot "${name}" failed: ${message}`)
    await this.#keeper.stop()
    try {
      await this.#exchange((signal) => restoreFor(this.#terms, name, signal))
    } catch (error) {
      this.#lose({ error: toOsrunError(error), retrying: false })
    }
  }

  /** The machine's streams are gone, and nobody follows its link any more. */
  async #forsake(): Promise<void> {
    await this.#keeper.stop()
    this.#streams.clear()
    this.#activity.lose()
    // Whoever waits to send more waits in vain.
    this.emit('drain')
  }

  #pass(frame: Frame): void {
    if (this.#streams.toClient(frame)) {
      this.#activity.toClient(frame)
      this.emit('frame', encodeFrame(frame.type, frame.stream, frame.payload))
    }
  }

  /** What takes the whole machine, and is seen as its state. */
  #whole<T>(state: LeaseStatus['state'], work: () => Promise<T>): Promise<T> {
    return this.#alone(() => this.#activity.during(state, work))
  }

  // Each of these works on what another would replace.
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(async () => {
      await this.#awake
      this.#over.signal.throwIfAborted()
      return work()
    })
    this.#busy = result.catch(() => {})
    return result
  }
}
