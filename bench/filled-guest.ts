import { setTimeout as delay } from 'node:timers/promises'
import { askGuestAgent } from '../src/machines/guest-agent.ts'
import type { Machine } from '../src/machines/machine.ts'
import { bake } from '../src/snapshots/bake.ts'
import { Store } from '../src/snapshots/store.ts'
import { agentDeadline, greeting, restoreMachine, type SavedGuest } from './saved-guest.ts'

/** Of the guest's memory, so much is in use. */
export const filledShare = 0.7

const fillDeadline = 600_000

/**
 * The same guest with most of its memory in use: QEMU's own snapshots keep only pages that are not zero, and an idle
 * guest has few of them, however much memory it was given. Lies among the bench's own files.
 */
export async function fillGuest(guest: SavedGuest, signal: AbortSignal): Promise<SavedGuest> {
  const { programs, home, template, place } = guest
  const store = new Store(place().folder)
  const machine = await restoreMachine(guest)
  try {
    await fill(machine, signal)
    const identity = { guest: home.guest.name, name: 'filled', key: home.key, parent: template.manifest.name }
    const baked = await bake({
      ...{ programs, machine, place: place(), store, identity, replace: false, greeting, agentDeadline },
    })
    return { ...guest, home: { ...home, store }, template: baked }
  } finally {
    await machine.release()
  }
}

// Random bytes, which nothing can pack, as often as it takes.
const script = `
  set -e
  mount -t tmpfs -o size=100% tmpfs /mnt
  head -c 16777216 /dev/urandom >/mnt/0
  in_memory() { sed -n "s/^$1: *\\([0-9]*\\) kB/\\1/p" /proc/meminfo; }
  count=0
  while [ "$(in_memory MemFree)" -gt $(($(in_memory MemTotal) * ${Math.round(100 * (1 - filledShare))} / 100)) ]; do
    count=$((count + 1))
    cat /mnt/0 >/mnt/$count
  done
`

/** By QEMU's guest agent: Wine's programs may not mount. */
async function fill({ guestAgentSocket }: Machine, signal: AbortSignal): Promise<void> {
  const ask = (execute: string, words: object) =>
    askGuestAgent(guestAgentSocket, () => JSON.stringify({ execute, arguments: words }))
  const { pid } = (await ask('guest-exec', { path: '/bin/sh', arg: ['-c', script], 'capture-output': true })) as {
    pid: number
  }
  const deadline = Date.now() + fillDeadline
  for (;;) {
    const state = (await ask('guest-exec-status', { pid })) as {
      exited: boolean
      exitcode?: number
      'err-data'?: string
    }
    if (state.exited) {
      if (state.exitcode !== 0) {
        throw new Error(`filling the guest's memory: ${Buffer.from(state['err-data'] ?? '', 'base64')}`)
      }
      return
    }
    if (Date.now() > deadline) {
      throw new Error(`filling the guest's memory took more than ${fillDeadline / 1000} seconds`)
    }
    await delay(500, undefined, { signal })
  }
}
