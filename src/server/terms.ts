import { randomBytes } from 'node:crypto'
import type { AgentGreeting, ClockAnswer } from '../machines/agent-link.ts'
import type { Machine } from '../machines/machine.ts'
import { waitFor } from '../machines/wait.ts'
import type { Parameters } from '../protocol/messages.ts'
import { type Restored, restore } from '../snapshots/restore.ts'
import type { GuestHome } from './guest-home.ts'
import type { MachineRoom } from './machine-room.ts'

/** What stays the same for the life of a lease. */
export interface Terms {
  readonly room: MachineRoom
  readonly home: GuestHome
  readonly wish: Parameters<'acquire'>
  /** For the agents of this lease's machines. */
  readonly secret: string
}

/** A machine for a lease. */
export interface Supplied extends Restored {
  /** What its agent was greeted with. */
  readonly secret: string
  /** It stood by: it does not run before `wake`. */
  readonly asleep: boolean
}

/** What an agent is to know its host by. */
export function newSecret(): string {
  return randomBytes(16).toString('hex')
}

/** After a restore the agent only has to answer; software emulation and a busy host are what takes the time. */
export const agentDeadline = 60_000

/** One that stood by has answered before. */
const wakeDeadline = 10_000

/** How to greet the agent of a machine that was just restored or that starts anew. */
export function greetingOf({ room, home, wish, secret }: Terms): AgentGreeting {
  const setClock = wish.clock === 'sync' && home.guest.clockSetter === 'agent'
  return { secret, setClock, ...(room.exposes ? { raw: true } : {}) }
}

/**
 * A running machine from the snapshot of that name, restored now.
 * @throws OsrunError of `restore`
 */
export async function restoreFor(terms: Terms, snapshot: string, signal?: AbortSignal): Promise<Supplied> {
  const { room, home, wish, secret } = terms
  const restored = await restore({
    programs: room.programs,
    place: () => room.place(),
    store: home.store,
    snapshot,
    shape: home.shape,
    network: wish.network,
    base: home.files.disk,
    greeting: greetingOf(terms),
    setClock: setsClockOutside(terms),
    agentDeadline,
    signal,
  })
  noteClock(terms, restored.machine, restored.machine.link.hello)
  try {
    await restored.machine.allowRestarts()
  } catch (error) {
    await restored.machine.release()
    throw error
  }
  return { ...restored, secret, asleep: false }
}

/**
 * Lets a machine run that was restored and stopped some time ago, as if it were restored now.
 * @throws OsrunError MACHINE_UNRESPONSIVE, CANCELED
 */
export async function wake(terms: Terms, machine: Machine, signal: AbortSignal): Promise<void> {
  await machine.resume()
  await waitFor({
    what: `machine ${machine.name}, which stood by`,
    ready: Promise.all([machine.ping(), setClock(terms, machine, signal)]),
    exit: machine.qemu.exited,
    deadline: wakeDeadline,
    code: 'MACHINE_UNRESPONSIVE',
    lastWords: () => machine.qemu.lastWords(),
    next: 'Another machine takes its place.',
    signal,
  })
}

/** Sets the guest's clock to the host's, where the wish is so. @throws OsrunError MACHINE_UNRESPONSIVE */
export async function setClock(terms: Terms, machine: Machine, signal?: AbortSignal): Promise<void> {
  if (greetingOf(terms).setClock) {
    noteClock(terms, machine, await machine.link.clock(Date.now()))
  }
  if (setsClockOutside(terms)) {
    await machine.setClock(undefined, signal)
  }
}

// The machine is of use all the same; a test that goes by the time finds it in the log.
function noteClock({ room }: Terms, machine: Machine, { clock }: Pick<ClockAnswer, 'clock'>): void {
  if (clock === 'refused') {
    room.log(`the clock of machine ${machine.name} is not this computer's: the guest refused to set it`)
  }
}

/**
 * Restarts the guest and connects to its agent again, with the clock as after a restore.
 * @throws OsrunError MACHINE_CRASHED, GUEST_NOT_READY, MACHINE_UNRESPONSIVE, CANCELED
 */
export async function restart(terms: Terms, machine: Machine, signal: AbortSignal): Promise<void> {
  // Who can set the clock is who can end the system; of the time that a boot may take, a quarter is for its end.
  const outside = terms.home.guest.clockSetter === 'guest-agent'
  await machine.restart(outside ? 'guest-agent' : { agentWithin: bootDeadline(terms) / 4 }, signal)
  await connectBooting(terms, machine, signal)
}

/**
 * Connects to the agent of a machine whose guest boots, and sets the clock as after a restore.
 * @throws OsrunError GUEST_NOT_READY, MACHINE_UNRESPONSIVE, CANCELED
 */
async function connectBooting(terms: Terms, machine: Machine, signal: AbortSignal): Promise<void> {
  await machine.connectAgent({ ...greetingOf(terms), setClock: false }, bootDeadline(terms), signal)
  await setClock(terms, machine, signal)
}

/**
 * Connects to an agent that went away without being asked to. The clock stays as the test has set it, unless the guest
 * has started anew.
 * @throws OsrunError GUEST_NOT_READY, MACHINE_UNRESPONSIVE, CANCELED
 */
export async function reconnect(
  terms: Terms,
  machine: Machine,
  hasRestarted: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  await machine.connectAgent({ ...greetingOf(terms), setClock: false }, bootDeadline(terms), signal)
  if (hasRestarted()) {
    await setClock(terms, machine, signal)
  }
}

/** The clock is set, and not by the agent's hello. */
function setsClockOutside({ home, wish }: Terms): boolean {
  return wish.clock === 'sync' && home.guest.clockSetter === 'guest-agent'
}

function bootDeadline({ home }: Terms): number {
  const { accelerated, emulated } = home.guest.bootDeadline
  return home.shape.accelerator === 'tcg' ? emulated : accelerated
}
