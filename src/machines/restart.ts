import { setTimeout as delay } from 'node:timers/promises'
import type { AgentLink } from './agent-link.ts'
import { askGuestAgent } from './guest-agent.ts'
import type { QemuProcess } from './qemu-process.ts'
import { runCommand } from './run-command.ts'
import { type Wait, waitFor } from './wait.ts'

/** Milliseconds that a guest has to end its programs before it is reset. */
const gracefulDeadline = 60_000
const resetDeadline = 10_000

/** Who can ask a guest to restart by itself. */
export interface Restarter {
  /** Milliseconds that the guest has to end its programs, before it is reset. */
  readonly deadline: number
  /**
   * Asks it. Resolves with whether it is going to; whoever is ended by the restart need not resolve. What it throws is a
   * no.
   */
  ask(signal: AbortSignal): Promise<boolean>
}

/**
 * QEMU's guest agent, where the guest has one.
 * @param socket the unix socket of the guest agent's serial port
 */
export function byGuestAgent(socket: string): Restarter {
  const command = () => '{"execute":"guest-shutdown","arguments":{"mode":"reboot"}}'
  return {
    deadline: gracefulDeadline,
    // One that obeys does not answer.
    ask: (signal) => askGuestAgent(socket, command, { deadline: gracefulDeadline, signal }).then(() => false),
  }
}

/**
 * Our agent, where the system below it is Windows itself: a restart without it leaves a file system that was not closed.
 * @param deadline milliseconds: Windows takes its time, and without acceleration twenty times that
 */
export function byAgent(link: () => AgentLink, deadline: number): Restarter {
  return {
    deadline,
    async ask() {
      // Without force a program that asks whether to save keeps Windows up.
      const agent = link()
      // Nobody else reads of it any more.
      agent.resume()
      const code = await runCommand(agent, 'shutdown.exe /r /f /t 0', deadline)
      return code === 0 || code === alreadyShuttingDown
    },
  }
}

const alreadyShuttingDown = 1115

/**
 * Restarts the guest: by itself, where it can be asked to, or by the reset button where that is refused or takes too
 * long. Resolves when the guest starts anew.
 * @throws OsrunError MACHINE_CRASHED where QEMU ended, CANCELED
 */
export async function restartGuest(qemu: QemuProcess, restarter: Restarter, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const restarted = qemu.qmp.next(isReset, over.signal).then(() => true)
  const asked = AbortSignal.any([over.signal, signal])
  try {
    const byItself = Promise.race([restarted, refusal(restarter, asked)])
    if (!(await waitFor(restart(qemu, byItself, restarter.deadline + resetDeadline, signal)))) {
      await qemu.qmp.execute('system_reset')
      await waitFor(restart(qemu, restarted, resetDeadline, signal))
    }
  } finally {
    over.abort()
    restarted.catch(() => {})
  }
}

/** True for what QEMU says when a guest starts anew. */
export function isReset({ event }: { readonly event: string }): boolean {
  return event === 'RESET'
}

/** Resolves with false when the guest does not restart by itself, or not in time. */
async function refusal(restarter: Restarter, signal: AbortSignal): Promise<false> {
  const late = delay(restarter.deadline, undefined, { signal, ref: false }).catch(() => {})
  const isComing = await Promise.race([restarter.ask(signal).catch(() => false), late])
  if (isComing) {
    await late
  }
  return false
}

function restart(qemu: QemuProcess, ready: Promise<boolean>, deadline: number, signal: AbortSignal): Wait<boolean> {
  return {
    what: 'the restart of the guest',
    ready,
    exit: qemu.exited,
    deadline,
    code: 'MACHINE_CRASHED',
    lastWords: () => qemu.lastWords(),
    next: 'Restore a snapshot to go on with a fresh machine.',
    signal,
  }
}
