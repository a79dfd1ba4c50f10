import { askGuestAgent } from './guest-agent.ts'

/**
 * Sets the guest's clock through QEMU's guest agent: Wine cannot set the clock of the system it runs on.
 * @param socketPath the unix socket of the guest agent's serial port
 * @param time milliseconds since 1970; the host's time at the moment it is sent, by default
 * @throws OsrunError MACHINE_UNRESPONSIVE
 */
export async function setGuestClock(socketPath: string, time?: number, signal?: AbortSignal): Promise<void> {
  // Nanoseconds are more than a JavaScript number holds.
  const command = () => `{"execute":"guest-set-time","arguments":{"time":${time ?? Date.now()}000000}}`
  await askGuestAgent(socketPath, command, { signal })
}
