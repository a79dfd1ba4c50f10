import type { Capacity } from '../machines/capacity.ts'
import type { Machine } from '../machines/machine.ts'
import { proportionalMiB } from '../machines/proportional-memory.ts'
import { runCommand } from '../machines/run-command.ts'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import type { Standby } from '../protocol/messages.ts'
import { newSecret, restoreFor, type Supplied, setClock, type Terms } from './terms.ts'

/** A machine with the place that it takes among the server's machines. */
export interface Placed extends Supplied {
  readonly giveBack: () => void
}

interface Parked extends Placed {
  readonly key: string
  readonly memoryMiB: number
}

/** A standby that is on its way. */
interface Making {
  /** Undefined while room is made for it. */
  readonly key?: string
  readonly over: AbortController
  /** Who needs it already, and takes it as soon as it runs. */
  heir?: (placed: Placed | undefined) => void
  done?: Promise<void>
}

/** Of those in use, the snapshots that standbys are kept for. */
const mostSnapshots = 4
const warmUpDeadline = 60_000

/**
 * Machines that were restored ahead for the snapshots in use, and stopped: the next who asks for one only has to let it
 * run. Each is used once. They take places that nobody else wants, are made one at a time, and give way at once.
 */
export class Standbys {
  readonly #most: number
  readonly #capacity: Capacity
  readonly #log: (line: string) => void
  /** Those longest parked first. */
  readonly #parked: Parked[] = []
  /** What was asked for, latest last. */
  readonly #wanted = new Map<string, Terms>()
  #making: Making | undefined
  #closed = false

  /** @param most how many may stand by */
  constructor(most: number, capacity: Capacity, log: (line: string) => void) {
    this.#most = most
    this.#capacity = capacity
    this.#log = log
  }

  /** Says that the snapshot is in use: one is kept ready for it from now on. */
  want(terms: Terms, snapshot: string): void {
    if (terms.wish.clock !== 'sync') {
      // Its guest would find that time has passed.
      return
    }
    const key = keyOf(terms, snapshot)
    this.#wanted.delete(key)
    this.#wanted.set(key, { ...terms, wish: { ...terms.wish, snapshot } })
    for (const oldest of [...this.#wanted.keys()].slice(0, -mostSnapshots)) {
      this.#wanted.delete(oldest)
    }
    this.refill()
  }

  /**
   * A machine that is parked for this wish, to be woken, or the one that is being made for it as soon as it runs:
   * another would come later, and both would be slower.
   */
  async take(terms: Terms, snapshot: string, signal: AbortSignal): Promise<Placed | undefined> {
    const key = keyOf(terms, snapshot)
    for (;;) {
      const placed = this.#unpark(key) ?? (await this.#inherit(key, signal))
      if (placed === undefined) {
        return undefined
      }
      const { machine, template } = placed
      const { lost } = machine.link
      const current = await terms.home.store.find(snapshot)
      if (lost === undefined && template.manifest.id === current?.manifest.id) {
        return placed
      }
      if (lost !== undefined) {
        this.#log(`a standby of snapshot "${snapshot}" failed: ${lost.message}`)
      }
      await this.#discard(placed)
    }
  }

  /** Makes one place free where there is none, by giving up a standby; its place goes to who waits for one. */
  giveWay(): void {
    if (!this.#capacity.full) {
      return
    }
    const parked = this.#parked.shift()
    if (parked !== undefined) {
      void this.#discard(parked)
    } else if (this.#making?.heir === undefined) {
      this.#making?.over.abort()
    }
  }

  /** Makes what is missing and may be made, one after the other. */
  refill(): void {
    if (this.#closed || this.#making !== undefined) {
      return
    }
    const ready = new Set(this.#parked.map(({ key }) => key))
    const latestFirst = [...this.#wanted].reverse()
    const missing = latestFirst.find(([key]) => !ready.has(key))
    const [key, terms] = missing ?? latestFirst[0] ?? []
    if (key === undefined || terms === undefined) {
      return
    }
    const giveBack = this.#parked.length < this.#most ? this.#capacity.tryTake() : undefined
    const making: Making = giveBack ? { key, over: new AbortController() } : { over: new AbortController() }
    const work = giveBack ? this.#make(making, key, terms, giveBack) : missing && this.#makeRoom(key)
    if (work === undefined) {
      return
    }
    this.#making = making
    making.done = work.then((goOn) => {
      this.#making = undefined
      // What fails once fails again: the next who asks hears why.
      if (!goOn && !making.over.signal.aborted) {
        this.#wanted.delete(key)
      }
      this.refill()
    })
  }

  /** Gives up a standby of a snapshot that was not asked for since `key` was. Undefined where there is none. */
  #makeRoom(key: string): Promise<boolean> | undefined {
    const wanted = [...this.#wanted.keys()]
    const index = this.#parked.findIndex((parked) => wanted.indexOf(parked.key) < wanted.indexOf(key))
    const [parked] = index < 0 ? [] : this.#parked.splice(index, 1)
    return parked && this.#discard(parked).then(() => true)
  }

  #unpark(key: string): Parked | undefined {
    const index = this.#parked.findIndex((parked) => parked.key === key)
    return index < 0 ? undefined : this.#parked.splice(index, 1)[0]
  }

  /** The machine that is being made, unless somebody waits for it already. */
  async #inherit(key: string, signal: AbortSignal): Promise<Placed | undefined> {
    const making = this.#making
    if (making?.key !== key || making.heir !== undefined || making.over.signal.aborted) {
      return undefined
    }
    const { promise, resolve, reject } = Promise.withResolvers<Placed | undefined>()
    making.heir = resolve
    const leave = () => {
      delete making.heir
      reject(new OsrunError('CANCELED', 'Waiting for a machine was canceled.', { cause: signal.reason }))
    }
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) {
      leave()
    }
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** What stands by, and the memory that each takes. */
  describe(): Standby[] {
    return this.#parked.map(({ machine, template, memoryMiB }) => ({
      machine: machine.name,
      guest: template.manifest.guest,
      snapshot: template.manifest.name,
      memoryMiB,
    }))
  }

  /** Gives all up. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true
    this.#making?.over.abort()
    await this.#making?.done
    await Promise.all(this.#parked.splice(0).map((parked) => this.#discard(parked)))
  }

  async #discard({ machine, giveBack }: Placed): Promise<void> {
    try {
      await machine.release()
    } catch (error) {
      this.#log(`a standby left something behind: ${toOsrunError(error).message}`)
    }
    giveBack()
  }

  async #make(making: Making, key: string, wanted: Terms, giveBack: () => void): Promise<boolean> {
    const { signal } = making.over
    const terms = { ...wanted, secret: newSecret() }
    try {
      const placed = { ...(await restoreFor(terms, terms.wish.snapshot, signal)), giveBack }
      try {
        await this.#park(making, key, terms, placed)
      } catch (error) {
        await this.#discard(placed)
        throw error
      }
      return true
    } catch (error) {
      giveBack()
      if (!signal.aborted) {
        this.#log(`no standby of snapshot "${terms.wish.snapshot}": ${toOsrunError(error).message}`)
      }
      // Who waits for it asks for one of its own, and hears why.
      making.heir?.(undefined)
      return false
    }
  }

  async #park(making: Making, key: string, terms: Terms, placed: Placed): Promise<void> {
    const { machine } = placed
    const early = making.heir
    // Who waits already warms it up with what is wanted of it.
    if (early === undefined) {
      await warm(terms, machine)
      making.over.signal.throwIfAborted()
    }
    const awaited = making.heir
    if (awaited !== undefined) {
      awaited(placed)
      return
    }
    await machine.pause()
    const asleep = { ...placed, asleep: true }
    const memoryMiB = Math.round((await proportionalMiB(machine.qemu.pid)) ?? 0)
    const late = making.heir
    if (late === undefined) {
      this.#parked.push({ ...asleep, key, memoryMiB })
    } else {
      late(asleep)
    }
  }
}

// Emulation translates the guest's code when it first runs, and that is lost with each QEMU.
async function warm(terms: Terms, machine: Machine): Promise<void> {
  const [command] = terms.home.guest.warmUp
  if (terms.home.shape.accelerator === 'tcg' && command !== undefined) {
    await runCommand(machine.link, command, warmUpDeadline)
    // What waking does.
    await setClock(terms, machine)
  }
}

function keyOf({ home, wish }: Terms, snapshot: string): string {
  return [home.guest.name, snapshot, wish.network, wish.clock].join(' ')
}
