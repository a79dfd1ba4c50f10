import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentGreeting, AgentLink } from '../machines/agent-link.ts'
import type { Machine } from '../machines/machine.ts'
import { takeScreenshot } from '../machines/screenshot.ts'
import { OsrunError } from '../protocol/errors.ts'
import { encodeFrame, type Frame, frameType } from '../protocol/frames.ts'
import { clientFrameNames, type Parameters, type SnapshotInfo } from '../protocol/messages.ts'
import { bake } from '../snapshots/bake.ts'
import { type Restored, restore } from '../snapshots/restore.ts'
import { snapshotExists, type Template } from '../snapshots/store.ts'
import type { GuestHome } from './guest-home.ts'
import type { MachineRoom } from './machine-room.ts'

/** After a restore the agent only has to answer; software emulation and a busy host are what takes the time. */
const agentDeadline = 60_000

/** What stays the same for the life of a lease. */
interface Terms {
  readonly room: MachineRoom
  readonly home: GuestHome
  readonly wish: Parameters<'acquire'>
  /** For the agents of this lease's machines. */
  readonly secret: string
}

const clientFrames: ReadonlySet<number> = new Set(clientFrameNames.map((name) => frameType[name]))
const streamFrames: ReadonlySet<number> = new Set([
  frameType.started,
  frameType.error,
  frameType.exit,
  frameType.dataOut,
  frameType.dataErr,
  frameType.eofOut,
  frameType.eofErr,
  frameType.window,
])

/**
 * One client's machine. It can be another QEMU after a restore; the lease stays the same. Emits `frame` with the bytes
 * of each frame for the client, `drain`, and `link-lost` when the machine or its agent is gone.
 */
export class Lease extends EventEmitter<{ frame: [Uint8Array]; drain: []; 'link-lost': [OsrunError] }> {
  readonly #terms: Terms
  readonly #running = new Set<number>()
  readonly #ending = Promise.withResolvers<void>()
  #template: Template
  #machine: Machine
  #busy: Promise<unknown> = Promise.resolve()

  private constructor(terms: Terms, { machine, template }: Restored) {
    super()
    this.#terms = terms
    this.#template = template
    this.#machine = machine
    this.#listen(machine)
  }

  /** @throws OsrunError of `restore` */
  static async start(
    room: MachineRoom,
    home: GuestHome,
    wish: Parameters<'acquire'>,
    signal: AbortSignal,
  ): Promise<Lease> {
    const terms = { room, home, wish, secret: randomBytes(16).toString('hex') }
    return new Lease(terms, await restoreFor(terms, wish.snapshot, signal))
  }

  /** Resolves when the machine is gone. */
  get released(): Promise<void> {
    return this.#ending.promise
  }

  describe() {
    const { guest, label } = this.#terms.wish
    return { machine: this.#machine.name, guest, snapshot: this.#template.manifest.name, label }
  }

  /** Passes a client's frame to the machine. False when the client should wait for `drain`. */
  relay(frame: Frame): boolean {
    if (!clientFrames.has(frame.type) || frame.stream === 0 || frame.stream >= 0x8000_0000) {
      throw new OsrunError('SERVER_PROTOCOL', `A client may not send a frame of type ${frame.type} on ${frame.stream}.`)
    }
    if (frame.type === frameType.exec) {
      this.#running.add(frame.stream)
    }
    return this.#machine.link.send(encodeFrame(frame.type, frame.stream, frame.payload))
  }

  /** Stops or goes on taking the machine's output, which waits in the guest meanwhile. */
  hold(paused: boolean): void {
    if (paused) {
      this.#machine.link.pause()
    } else {
      this.#machine.link.resume()
    }
  }

  screenshot() {
    return takeScreenshot(this.#machine)
  }

  snapshots(): Promise<SnapshotInfo[]> {
    return this.#terms.home.store.list()
  }

  /** Replaces the machine by a fresh one. @param name the lease's own snapshot by default */
  restore(name: string | undefined): Promise<void> {
    return this.#alone(async () => {
      const snapshot = name ?? this.#template.manifest.name
      // Before the machine is given up for one that cannot be had.
      await this.#terms.home.store.get(snapshot)
      const former = this.#machine
      this.#running.clear()
      former.link.removeAllListeners()
      const [{ machine, template }] = await Promise.all([restoreFor(this.#terms, snapshot), former.release()])
      this.#template = template
      this.#machine = machine
      this.#listen(machine)
    })
  }

  /** Makes a snapshot of the machine as it is now. */
  snapshot(name: string, replace: boolean): Promise<SnapshotInfo> {
    return this.#alone(async () => {
      const { store, guest, key } = this.#terms.home
      if (!replace && (await store.find(name)) !== undefined) {
        throw snapshotExists(name)
      }
      if (this.#running.size > 0) {
        const count = this.#running.size
        throw new OsrunError('SNAPSHOT_FAILED', `${count} command(s) of this test still run: await them first.`)
      }
      this.#machine.link.removeAllListeners()
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
        this.#listen(this.#machine)
      }
      const made = (await store.list()).find((info) => info.name === name)
      if (made === undefined) {
        throw new OsrunError('SNAPSHOT_FAILED', `Snapshot "${name}" was removed as soon as it was made.`)
      }
      return made
    })
  }

  /** Ends the machine. Safe to call twice. */
  async release(): Promise<void> {
    this.removeAllListeners()
    await this.#busy
    this.#machine.link.removeAllListeners()
    await this.#machine.release()
    this.#ending.resolve()
  }

  #listen(machine: Machine): void {
    let link: AgentLink
    try {
      link = machine.link
    } catch (error) {
      this.emit('link-lost', error as OsrunError)
      return
    }
    link.on('frame', (frame) => this.#pass(frame))
    link.on('drain', () => this.emit('drain'))
    link.on('closed', (reason) => {
      this.#running.clear()
      // Whoever waits to send more waits in vain.
      this.emit('drain')
      this.#explain(machine, reason).then((error) => this.emit('link-lost', error))
    })
  }

  #pass(frame: Frame): void {
    if (!streamFrames.has(frame.type) || frame.stream >= 0x8000_0000) {
      return
    }
    if (frame.type === frameType.exit || frame.type === frameType.error) {
      this.#running.delete(frame.stream)
    }
    this.emit('frame', encodeFrame(frame.type, frame.stream, frame.payload))
  }

  // QEMU's end closes the link a moment before its exit is known.
  async #explain(machine: Machine, reason: OsrunError): Promise<OsrunError> {
    const timer = delay(500, undefined, { ref: false })
    const how = await Promise.race([machine.qemu.exited, timer])
    if (how === undefined) {
      return reason
    }
    const words = machine.qemu.lastWords()
    return new OsrunError('MACHINE_CRASHED', `Machine ${machine.name} is gone: ${how}.${words && `\n${words}`}`)
  }

  // Restore and snapshot replace what the other works on.
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work)
    this.#busy = result.catch(() => {})
    return result
  }
}

function greetingOf({ home, wish, secret }: Terms): AgentGreeting {
  return { secret, setClock: wish.clock === 'sync' && home.guest.clockSetter === 'agent' }
}

function restoreFor(terms: Terms, snapshot: string, signal?: AbortSignal): Promise<Restored> {
  const { room, home, wish } = terms
  return restore({
    programs: room.programs,
    place: () => room.place(),
    store: home.store,
    snapshot,
    shape: home.shape,
    network: wish.network,
    base: home.files.disk,
    greeting: greetingOf(terms),
    setClock: wish.clock === 'sync' && home.guest.clockSetter === 'guest-agent',
    agentDeadline,
    signal,
  })
}
