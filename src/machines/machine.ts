import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import { type AgentGreeting, AgentLink } from './agent-link.ts'
import { copyOverlay, createOverlay, linkLayers, topName } from './disk.ts'
import { asDiskFull } from './disk-full.ts'
import { variablesIn, writableVariables } from './firmware.ts'
import { setGuestClock } from './guest-clock.ts'
import { LastWords } from './last-words.ts'
import { type QemuStart, qemuArguments } from './qemu-arguments.ts'
import { type QemuProcess, startQemu } from './qemu-process.ts'
import type { Qmp } from './qmp.ts'
import { byAgent, byGuestAgent, restartGuest } from './restart.ts'
import type { MachineShape } from './shape.ts'
import { standstill } from './standstill.ts'
import { startTpm, type TpmProcess } from './tpm.ts'
import { waitFor } from './wait.ts'

/** The programs that machines are made with. */
export interface Programs {
  readonly qemu: string
  readonly qemuImg: string
}

/** Where a machine's files go. */
export interface MachinePlace {
  readonly name: string
  /** The machine's own folder: overlays and log. Made, and removed with the machine. */
  readonly folder: string
  /** A folder with a short path for its unix sockets, whose names start with the machine's. */
  readonly socketFolder: string
  /** The machine has a human monitor, for a person who debugs; none by default. */
  readonly humanMonitor?: boolean
}

/** What a machine starts from. */
export interface MachineOrigin {
  readonly shape: MachineShape
  readonly network: 'isolated' | 'internet'
  readonly memory: QemuStart['memory']
  /** Disk layers above the guest's own disk, top first. */
  readonly layers: readonly string[]
  readonly base: string
  /** An empty overlay over the top layer, to be copied. Without it one is made. */
  readonly blankOverlay?: string
  /** Read-only media in the machine's drives. */
  readonly media?: readonly string[]
  /** Loads a snapshot's state into the QEMU that waits for one; without it the machine boots. */
  readonly load?: (qmp: Qmp) => Promise<void>
}

/** A machine: a QEMU with its own overlay, paused until `resume`. */
export class Machine {
  readonly name: string
  readonly origin: MachineOrigin
  readonly place: MachinePlace
  readonly qemu: QemuProcess
  /** The chain below the overlay in use, top first, as linked in the machine's folder; grows with each snapshot. */
  layers: readonly string[]
  /** The overlay in use. */
  overlay: string
  readonly #tpm: TpmProcess | undefined
  #link: AgentLink | undefined
  #released: Promise<void> | undefined

  private constructor(
    place: MachinePlace,
    origin: MachineOrigin,
    { qemu, tpm }: { qemu: QemuProcess; tpm: TpmProcess | undefined },
    overlay: string,
  ) {
    this.name = place.name
    this.place = place
    this.origin = origin
    this.qemu = qemu
    this.#tpm = tpm
    this.layers = origin.layers.map((layer) => join(place.folder, basename(layer)))
    this.overlay = overlay
  }

  /**
   * Starts QEMU and, where the origin is a snapshot, loads it. The machine is paused afterwards.
   * @throws OsrunError QEMU_UNUSABLE, RESTORE_FAILED, DISK_FULL, HOST_INCOMPLETE
   */
  static async start(
    programs: Programs,
    place: MachinePlace,
    origin: MachineOrigin,
    signal?: AbortSignal,
  ): Promise<Machine> {
    let tpm: TpmProcess | undefined
    try {
      await mkdir(place.folder, { recursive: true, mode: 0o700 })
      const overlay = await prepareDisk(programs, place.folder, origin)
      await writableVariables(origin.shape.firmware, place.folder)
      tpm =
        origin.shape.tpm && (await startTpm(origin.shape.tpm, { ...place, socket: socketPath(place, 'tpm') }, signal))
      const words = qemuArguments(qemuStart(place, origin, overlay))
      const command = {
        program: programs.qemu,
        arguments: words,
        name: place.name,
        qmpSocket: socketPath(place, 'qmp'),
      }
      const qemu = await startQemu(command, signal)
      try {
        await origin.load?.(qemu.qmp)
      } catch (error) {
        await qemu.kill()
        throw withWords(error, qemu.lastWords())
      }
      return new Machine(place, origin, { qemu, tpm }, overlay)
    } catch (error) {
      await tpm?.kill()
      await removePlace(place)
      throw asDiskFull(error, place.folder)
    }
  }

  /** Lets the guest run. */
  async resume(): Promise<void> {
    await this.qemu.qmp.execute('cont')
  }

  /** Stops the guest's clock and CPUs; what it wrote is in the overlay. */
  async pause(): Promise<void> {
    await this.qemu.qmp.execute('stop', undefined, 60_000)
  }

  /** The link to the guest's agent. @throws OsrunError MACHINE_UNRESPONSIVE before `connectAgent` */
  get link(): AgentLink {
    if (this.#link === undefined) {
      throw new OsrunError('MACHINE_UNRESPONSIVE', `Machine ${this.name} has no link to its agent.`)
    }
    return this.#link
  }

  /** Resolves when the agent has answered. @throws OsrunError MACHINE_UNRESPONSIVE */
  async ping(): Promise<void> {
    await this.link.ping()
  }

  /**
   * Connects to the guest's agent, replacing an earlier link.
   * @param deadline milliseconds
   * @throws OsrunError GUEST_NOT_READY naming what ended the wait, with the end of the guest's serial log; of `stopped`
   */
  async connectAgent(greeting: AgentGreeting, deadline: number, signal?: AbortSignal): Promise<AgentLink> {
    this.#link?.close()
    this.#link = undefined
    const over = new AbortController()
    try {
      const port = await this.agentPort()
      this.#link = await waitFor({
        what: `the agent of machine ${this.name}`,
        ready: Promise.race([AgentLink.open(port, greeting, over.signal), this.#standsStill(over.signal)]),
        exit: this.qemu.exited,
        deadline,
        code: 'GUEST_NOT_READY',
        lastWords: () => this.#lastWords(),
        next: 'The guest may be slow on this host or broken: raise the deadline, or install the guest again.',
        signal,
      })
      return this.#link
    } finally {
      over.abort()
    }
  }

  /**
   * Resolves with the reason when QEMU has stopped the guest by itself: the disk of what it writes is full (DISK_FULL),
   * or the accelerator failed or the guest panicked (MACHINE_CRASHED). Rejects when QEMU ends.
   */
  stopped(signal: AbortSignal): Promise<OsrunError> {
    return standstill(this.qemu.qmp, this.place, signal)
  }

  /**
   * Sets the guest's clock through QEMU's guest agent.
   * @param time milliseconds since 1970; the host's time by default
   * @throws OsrunError MACHINE_UNRESPONSIVE
   */
  async setClock(time?: number, signal?: AbortSignal): Promise<void> {
    await setGuestClock(this.guestAgentSocket, time, signal)
  }

  /** The host's port that leads to the agent; QEMU chose it. */
  async agentPort(): Promise<number> {
    // QMP has no such query of its own before QEMU 10.1.
    const text = String(await this.qemu.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' }))
    const port = /TCP\[HOST_FORWARD\]\s+\S+\s+127\.0\.0\.1\s+(\d+)\s/.exec(text)?.[1]
    if (port === undefined) {
      throw new OsrunError('QMP_FAILED', `QEMU names no forwarded port: ${text}`)
    }
    return Number(port)
  }

  /** Unix socket on which QEMU shows the screen by VNC. */
  get screenSocket(): string {
    return socketPath(this.place, 'vnc')
  }

  /** Unix socket of QEMU's human monitor, where the place asks for one. */
  get monitorSocket(): string {
    return socketPath(this.place, 'hmp')
  }

  /** Unix socket of QEMU's guest agent; it speaks with one at a time. */
  get guestAgentSocket(): string {
    return socketPath(this.place, 'qga')
  }

  /** From here on a guest that restarts starts anew in the same QEMU; before, it ends QEMU: no build boots twice. */
  async allowRestarts(): Promise<void> {
    await this.qemu.qmp.execute('set-action', { reboot: 'reset' })
  }

  /**
   * Restarts the guest. Its agent is yet to be connected afterwards.
   * @param asks who asks the guest to: QEMU's guest agent, or our agent, with the milliseconds that the guest has
   * @throws OsrunError MACHINE_CRASHED, CANCELED
   */
  async restart(asks: 'guest-agent' | { readonly agentWithin: number }, signal: AbortSignal): Promise<void> {
    const restarter =
      asks === 'guest-agent' ? byGuestAgent(this.guestAgentSocket) : byAgent(() => this.link, asks.agentWithin)
    await restartGuest(this.qemu, restarter, signal)
  }

  /** Ends the machine at once and removes all that it wrote. Safe to call twice. */
  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    this.#link?.close()
    await this.qemu.kill()
    await this.#tpm?.kill()
    await removePlace(this.place)
  }

  /** Never resolves. */
  async #standsStill(signal: AbortSignal): Promise<never> {
    const reason = await this.stopped(signal).catch(() => new Promise<never>(() => {}))
    throw reason
  }

  #lastWords(): string {
    const words = new LastWords(1500)
    try {
      words.add(readFileSync(join(this.place.folder, 'serial.log')))
    } catch {
      // A machine that never wrote its log has no last words.
    }
    return `${this.qemu.lastWords()}${words}`
  }
}

async function prepareDisk(programs: Programs, folder: string, origin: MachineOrigin): Promise<string> {
  await linkLayers(folder, origin.layers, origin.base)
  if (origin.blankOverlay !== undefined) {
    return copyOverlay(origin.blankOverlay, folder)
  }
  return createOverlay(programs.qemuImg, folder, topName(origin.layers))
}

function qemuStart(place: MachinePlace, origin: MachineOrigin, disk: string): QemuStart {
  return {
    name: place.name,
    shape: origin.shape,
    memory: origin.memory,
    disk,
    ...(origin.shape.firmware && { variables: variablesIn(place.folder) }),
    ...(origin.shape.tpm && { tpmSocket: socketPath(place, 'tpm') }),
    network: origin.network,
    ...(origin.media && { media: origin.media }),
    incoming: origin.load !== undefined,
    sockets: {
      ...{ qmp: socketPath(place, 'qmp'), vnc: socketPath(place, 'vnc'), guestAgent: socketPath(place, 'qga') },
      ...(place.humanMonitor && { humanMonitor: socketPath(place, 'hmp') }),
    },
    serialLog: join(place.folder, 'serial.log'),
  }
}

const socketKinds = ['qmp', 'vnc', 'qga', 'hmp', 'tpm'] as const

function socketPath(place: MachinePlace, kind: (typeof socketKinds)[number]): string {
  return join(place.socketFolder, `${place.name}.${kind}`)
}

async function removePlace(place: MachinePlace): Promise<void> {
  const sockets = socketKinds.map((kind) => rm(socketPath(place, kind), { force: true }))
  await Promise.all([rm(place.folder, { recursive: true, force: true }), ...sockets])
}

function withWords(error: unknown, words: string): unknown {
  if (error instanceof OsrunError && words !== '') {
    return new OsrunError(error.code, `${error.message}\nQEMU's last words:\n${words}`, { cause: error })
  }
  return error
}
