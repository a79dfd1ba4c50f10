import { setTimeout as delay } from 'node:timers/promises'
import type { Qmp } from './qmp.ts'

/**
 * Milliseconds from one key event to the next. The guest fetches one of the keyboard's codes in 8 ms at best, a key of
 * the right side or of the cursor block has two, and QEMU drops without a word what exceeds a queue of 16. At this pace
 * the queue holds nothing while the guest runs, and what a guest misses while it is not scheduled for a fifth of a
 * second still fits.
 */
export const keyPace = 20

/** One key going down or up. */
export interface KeyEvent {
  readonly key: string
  readonly down: boolean
}

/** What a keyboard reports where each chord's keys go down in order and up in the reverse. */
export function keyEvents(chords: readonly (readonly string[])[]): KeyEvent[] {
  return chords.flatMap((chord) => [
    ...chord.map((key) => ({ key, down: true })),
    ...chord.toReversed().map((key) => ({ key, down: false })),
  ])
}

/**
 * Types chords on the machine's keyboard, so slowly that none is lost.
 * @param signal ends the typing; keys that are down then go up
 */
export async function pressKeys(qmp: Qmp, chords: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
  const down = new Set<string>()
  try {
    for (const event of keyEvents(chords)) {
      await send(qmp, event)
      if (event.down) {
        down.add(event.key)
      } else {
        down.delete(event.key)
      }
      await delay(keyPace, undefined, { signal })
    }
  } catch (error) {
    for (const key of down) {
      await send(qmp, { key, down: false }).catch(() => {})
    }
    throw error
  }
}

async function send(qmp: Qmp, { key, down }: KeyEvent): Promise<void> {
  const event = { type: 'key', data: { down, key: { type: 'qcode', data: key } } }
  await qmp.execute('input-send-event', { events: [event] })
}
