import { askGuestAgent } from './guest-agent.ts'
import type { QemuProcess } from './qemu-process.ts'
import { type Wait, waitFor } from './wait.ts'

/** Milliseconds that a guest has to end its programs before it is reset. */
const gracefulDeadline = 60_000
const resetDeadline = 10_000

/**
 * Restarts the guest: by itself, as QEMU's guest agent asks it to, or by the reset button where that is refused or
 * takes too long. Resolves when the guest starts anew.
 * @param guestAgentSocket the unix socket of the guest agent's serial port
 * @throws OsrunError MACHINE_CRASHED where QEMU ended, CANCELED
 */
export async function restartGuest(qemu: QemuProcess, guestAgentSocket: string, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const restarted = qemu.qmp.next(isReset, over.signal).then(() => true)
  const asked = AbortSignal.any([over.signal, signal])
  try {
    const byItself = Promise.race([restarted, refusal(guestAgentSocket, asked)])
    if (!(await waitFor(restart(qemu, byItself, gracefulDeadline + resetDeadline, signal)))) {
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

/** Resolves with false when the guest does not restart by itself; a guest agent that obeys does not answer. */
async function refusal(guestAgentSocket: string, signal: AbortSignal): Promise<false> {
  const command = () => '{"execute":"guest-shutdown","arguments":{"mode":"reboot"}}'
  await askGuestAgent(guestAgentSocket, command, { deadline: gracefulDeadline, signal }).catch(() => {})
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
