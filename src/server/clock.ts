import type { Machine } from '../machines/machine.ts'
import { OsrunError } from '../protocol/errors.ts'

/**
 * The time on the guest's clock, in milliseconds since 1970, after it was set where `set` is given.
 * @param setter who can set this guest's clock
 * @throws OsrunError MACHINE_UNRESPONSIVE, UNSUPPORTED_BY_GUEST where the guest refuses the time
 */
export async function guestClock(
  machine: Machine,
  setter: 'agent' | 'guest-agent',
  set: number | undefined,
): Promise<number> {
  if (set === undefined) {
    return (await machine.link.clock()).time
  }
  if (setter === 'guest-agent') {
    await machine.setClock(set)
    return (await machine.link.clock()).time
  }
  const { time, clock } = await machine.link.clock(set)
  if (clock === 'refused') {
    const asked = new Date(set).toISOString()
    throw new OsrunError('UNSUPPORTED_BY_GUEST', `The guest refused to set its clock to ${asked}; try another time.`)
  }
  return time
}
