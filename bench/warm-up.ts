import { provision } from '../src/snapshots/provision.ts'
import { Store } from '../src/snapshots/store.ts'
import type { Bench } from './bench.ts'
import type { Measured, Row } from './results.ts'
import { greeting, openSavedGuest, restoreMachine, type SavedGuest } from './saved-guest.ts'
import { runFirstCommand } from './start.ts'
import { summarize } from './statistics.ts'

interface Commands {
  readonly first: number[]
  readonly again: number[]
}

/**
 * What the commands bring that run before the template is saved: the first command of a machine, and the same again,
 * beside those of the same guest saved before it ran any. In turns, so that both meet the same host.
 */
export async function measureWarmUp(bench: Bench): Promise<Measured> {
  const warmed = await openSavedGuest(bench)
  bench.say('warm-up: booting a guest that is saved without it')
  const guests = { warmed, 'not warmed': await saveUnwarmed(warmed, bench.signal) }
  const times = { warmed: nothing(), 'not warmed': nothing() }
  const rounds = Math.ceil(bench.rounds * 0.4)
  for (let round = 0; round < rounds; round += 1) {
    bench.say(`warm-up: round ${round + 1} of ${rounds}`)
    for (const way of ['warmed', 'not warmed'] as const) {
      bench.signal.throwIfAborted()
      await timeCommands(guests[way], times[way])
    }
  }
  const row = (what: string, values: number[]): Row => ({ what, unit: 'ms', figures: summarize(values) })
  return {
    tables: [
      {
        title: 'commands of a machine that was restored',
        rows: (['warmed', 'not warmed'] as const).flatMap((way) => [
          row(`template ${way}: first command`, times[way].first),
          row(`template ${way}: the same again`, times[way].again),
        ]),
      },
    ],
    goals: [],
  }
}

function nothing(): Commands {
  return { first: [], again: [] }
}

/** The same guest, saved as soon as its desktop is at rest. Lies among the bench's own files. */
async function saveUnwarmed(warmed: SavedGuest, signal: AbortSignal): Promise<SavedGuest> {
  const { programs, place, home } = warmed
  const store = new Store(place().folder)
  const guest = { ...home.guest, warmUp: [] }
  const { files, shape, key } = home
  const template = await provision({
    ...{ programs, place, guest, files, shape, key, store, signal },
    ...{ secret: greeting.secret, onProgress: () => {} },
  })
  return { ...warmed, home: { ...home, store }, template }
}

async function timeCommands(guest: SavedGuest, times: Commands): Promise<void> {
  const machine = await restoreMachine(guest)
  try {
    for (const which of [times.first, times.again]) {
      const startedAt = performance.now()
      await runFirstCommand(machine.link)
      which.push(performance.now() - startedAt)
    }
  } finally {
    await machine.release()
  }
}
