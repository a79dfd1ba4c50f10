import { OsrunError } from '../protocol/errors.ts'
import type { Ask } from './ask.ts'
import { atSite, callSite } from './call-site.ts'

/** The guest's clock. */
export interface Clock {
  /** What time it is in the guest. */
  now(): Promise<Date>
  /** Sets the guest's time; it goes on from there. @throws OsrunError BAD_OPTION, MACHINE_UNRESPONSIVE */
  set(date: Date): Promise<void>
}

export function createClock(ask: Ask): Clock {
  async function now(): Promise<Date> {
    const { time } = await ask('clock', {}, callSite(now))
    return new Date(time)
  }

  async function set(date: Date): Promise<void> {
    const site = callSite(set)
    await atSite(site, async () => {
      // Not `instanceof`: a test runner's own globals have a Date of their own.
      const time = Number(new Date(date))
      if (Number.isNaN(time) || time < 0) {
        throw new OsrunError('BAD_OPTION', `Expected a date from 1970 on, got ${String(date)}`)
      }
      await ask('clock', { set: time }, site)
    })
  }

  return { now, set }
}
