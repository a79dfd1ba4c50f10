import { setTimeout as delay } from 'node:timers/promises'
import { type OsrunServer, startServer } from '../src/client/index.ts'
import { MachineRoom } from '../src/client/machine-room.ts'
import { provisioned } from '../src/snapshots/provision.ts'
import type { Bench } from './bench.ts'
import { type UseName, uses } from './first-use.ts'
import { prepareLoadvm } from './loadvm.ts'
import type { Goal, Measured, Row } from './results.ts'
import { openSavedGuest } from './saved-guest.ts'
import type { Start } from './start.ts'
import { summarize } from './statistics.ts'

const ways = ['restored', 'stood by'] as const
type Way = (typeof ways)[number]

/** Milliseconds: of a client's acquire, until its first command had ended, and of each use the first time and the second. */
interface Acquired {
  readonly acquire: number[]
  readonly commanded: number[]
  readonly first: Record<UseName, number[]>
  readonly again: Record<UseName, number[]>
}

/**
 * What a client waits for: a machine that is restored when it is asked for, and one that has been standing by, beside
 * `qemu -loadvm` of the same guest; then the first use of it and the same again, each use on a machine of its own. In
 * turns, so that all meet the same host.
 */
export async function measureAcquire(bench: Bench): Promise<Measured> {
  const { cache, signal, say } = bench
  await using loadvm = await prepareLoadvm(await openSavedGuest(bench))
  await using without = await startServer({ runtime: 'host', cache, standbys: 0 })
  await using ahead = await startServer({ runtime: 'host', cache, standbys: 1 })
  const room = await MachineRoom.open(ahead)
  const times: Record<Way, Acquired> = { restored: nothing(), 'stood by': nothing() }
  const loaded: Start[] = []
  const rounds = Math.ceil(bench.rounds * 0.4)
  try {
    await (await ahead.acquire({ label: 'bench' }))[Symbol.asyncDispose]()
    for (let round = 0; round < rounds; round += 1) {
      say(`acquire: round ${round + 1} of ${rounds}`)
      for (const name of Object.keys(uses) as UseName[]) {
        signal.throwIfAborted()
        await standby(room, signal)
        await timeOne(without, name, times.restored)
        await timeOne(ahead, name, times['stood by'])
      }
      await standby(room, signal)
      // A minute has passed, in which a host may drop from its page cache what nobody reads; the others were just read.
      await loadvm.time()
      loaded.push(await loadvm.time())
    }
  } finally {
    await room.close()
  }
  return report(loaded, times)
}

function nothing(): Acquired {
  const empty = () => Object.fromEntries(Object.keys(uses).map((name) => [name, []])) as unknown as Acquired['first']
  return { acquire: [], commanded: [], first: empty(), again: empty() }
}

async function standby(room: MachineRoom, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 120_000
  while ((await room.status()).standbys.length === 0) {
    if (Date.now() > deadline) {
      throw new Error('no machine stands by after two minutes')
    }
    await delay(20, undefined, { signal })
  }
}

// With standbys, the next one is being made meanwhile, as it is in a suite.
async function timeOne(server: OsrunServer, name: UseName, times: Acquired): Promise<void> {
  const startedAt = performance.now()
  await using win = await server.acquire({ guest: 'wine', snapshot: provisioned, label: 'bench' })
  times.acquire.push(performance.now() - startedAt)
  times.first[name].push(await uses[name](win))
  if (name === 'command') {
    times.commanded.push(performance.now() - startedAt)
  }
  times.again[name].push(await uses[name](win))
}

function report(loads: Start[], times: Record<Way, Acquired>): Measured {
  const row = (what: string, values: number[]): Row => ({ what, unit: 'ms', figures: summarize(values) })
  const loaded = loads.map(({ running }) => running)
  const median = (values: number[]) => summarize(values).median
  const goals = ways.flatMap((way): Goal[] => {
    const { acquire, first, again } = times[way]
    const faster: Goal = {
      what: `acquire (${way}): how often as fast as \`qemu -loadvm\``,
      measured: median(loaded) / median(acquire),
      unit: 'times',
      budget: { atLeast: way === 'restored' ? 1 : 100 },
    }
    const repeated = (Object.keys(uses) as UseName[]).map(
      (name): Goal => ({
        what: `first ${name} (${way}), against the same again`,
        measured: median(first[name]) / median(again[name]),
        unit: 'times',
        budget: { atMost: 1.2 },
      }),
    )
    return [faster, ...repeated]
  })
  return {
    tables: [
      {
        title: 'until there is a machine',
        rows: [
          row('`qemu -loadvm`: guest running', loaded),
          row('acquire, restored', times.restored.acquire),
          row('acquire, stood by', times['stood by'].acquire),
          row(
            '`qemu -loadvm`: first command ended',
            loads.map(({ command }) => command),
          ),
          row('first command ended, restored', times.restored.commanded),
          row('first command ended, stood by', times['stood by'].commanded),
        ],
      },
      ...ways.map((way) => ({
        title: `first use of a machine, ${way}`,
        rows: (Object.keys(uses) as UseName[]).flatMap((name) => [
          row(`first ${name}`, times[way].first[name]),
          row(`${name} again`, times[way].again[name]),
        ]),
      })),
    ],
    goals,
  }
}
