import { setTimeout as delay } from 'node:timers/promises'
import { type OsrunServer, startServer } from '../src/client/index.ts'
import { MachineRoom } from '../src/client/machine-room.ts'
import { provisioned } from '../src/snapshots/provision.ts'

/** Milliseconds: until a client has its machine, its first command, and the same command again. */
export interface Acquired {
  readonly acquire: number[]
  readonly first: number[]
  readonly again: number[]
}

/** Without standbys, and with one that has been waiting each time. In turns, so that both meet the same host. */
export async function timeAcquire(cache: string, rounds: number): Promise<Record<'restored' | 'standby', Acquired>> {
  // A standby takes a place that nobody needs: where there is one place, there is none.
  await using single = await startServer({ runtime: 'host', cache, machines: 1 })
  await using double = await startServer({ runtime: 'host', cache, machines: 2 })
  const room = await MachineRoom.open(double)
  const empty = (): Acquired => ({ acquire: [], first: [], again: [] })
  const times = { restored: empty(), standby: empty() }
  try {
    await (await double.acquire({ label: 'bench' }))[Symbol.asyncDispose]()
    for (let round = 0; round < rounds; round += 1) {
      while ((await room.status()).standbys.length === 0) {
        await delay(20)
      }
      await timeOne(single, times.restored)
      await timeOne(double, times.standby)
    }
  } finally {
    await room.close()
  }
  return times
}

// With standbys, the next one is being made while the commands run, as it is in a suite.
async function timeOne(server: OsrunServer, { acquire, first, again }: Acquired): Promise<void> {
  const startedAt = performance.now()
  const win = await server.acquire({ guest: 'wine', snapshot: provisioned, label: 'bench' })
  acquire.push(performance.now() - startedAt)
  for (const times of [first, again]) {
    const before = performance.now()
    await win.run('exit 0')
    times.push(performance.now() - before)
  }
  await win[Symbol.asyncDispose]()
}
