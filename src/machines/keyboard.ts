import { setTimeout as delay } from 'node:timers/promises'
import type { Machine } from './machine.ts'
import type { Qmp } from './qmp.ts'

/**
 * Milliseconds for each key event. The guest fetches one of the keyboard's codes in 8 ms at best, some keys have two,
 * and QEMU drops without a word what exceeds a queue of 16.
 */
export const keyPace = 20

/** Key events that are handed over at once, at most: with two codes each they fit the queue. */
const mostAtOnce = 6
/** Milliseconds; a guest that is silent for so long is typed to all the same. */
const longestSilence = 5000

/** One key going down or up. */
export interface KeyEvent {
  readonly key: string
  readonly down: boolean
}

/**
 * What a keyboard reports of a chord, whose keys go down in order and up in the reverse, in pieces that are handed over
 * at once: a key that stayed down for as long as a busy host lets us wait would repeat itself.
 */
export function keyEvents(chord: readonly string[]): KeyEvent[][] {
  const downs = chord.map((key) => ({ key, down: true }))
  const ups = chord.toReversed().map((key) => ({ key, down: false }))
  return chord.length * 2 <= mostAtOnce ? [[...downs, ...ups]] : [downs, ups]
}

/**
 * Types chords on the machine's keyboard, so slowly that none is lost: at a pace, and no more than a queue holds before
 * the guest has shown that its programs get their turn.
 * @param signal ends the typing after a chord
 */
export async function pressKeys(
  machine: Machine,
  chords: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<void> {
  let sent = 0
  for (const chord of chords) {
    signal.throwIfAborted()
    for (const events of keyEvents(chord)) {
      await send(machine.qemu.qmp, events)
      await delay(events.length * keyPace)
      sent += events.length
    }
    if (sent >= mostAtOnce) {
      sent = 0
      await untilAwake(machine)
    }
  }
}

/** A guest whose agent is away may still be typed to: there is only the pace then. */
async function untilAwake(machine: Machine): Promise<void> {
  const over = new AbortController()
  const patience = delay(longestSilence, undefined, { signal: over.signal }).catch(() => {})
  await Promise.race([machine.ping().catch(() => {}), patience])
  over.abort()
}

async function send(qmp: Qmp, events: readonly KeyEvent[]): Promise<void> {
  await qmp.execute('input-send-event', {
    events: events.map(({ key, down }) => ({ type: 'key', data: { down, key: { type: 'qcode', data: key } } })),
  })
}
