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
  await using without = await startServer({ runtime: 'host', cache, standbys: 0 })
  await using ahead = await startServer({ runtime: 'host', cache, standbys: 1 })
  const room = await MachineRoom.open(ahead)
  const empty = (): Acquired => ({ acquire: [], first: [], again: [] })
  const times = { restored: empty(), standby: empty() }
  try {
    await (await ahead.acquire({ label: 'bench' }))[Symbol.asyncDispose]()
    for (let round = 0; round < rounds; round += 1) {
      while ((await room.status()).standbys.length === 0) {
        await delay(20)
      }
      await timeOne(without, times.restored)
      await timeOne(ahead, times.standby)
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
