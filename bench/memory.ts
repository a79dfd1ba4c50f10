import type { Machine } from '../src/machines/machine.ts'
import { proportionalMiB } from '../src/machines/proportional-memory.ts'
import type { Bench } from './bench.ts'
import type { Measured } from './results.ts'
import { openSavedGuest, restoreMachine, type SavedGuest } from './saved-guest.ts'
import { runFirstCommand } from './start.ts'
import { summarize } from './statistics.ts'

const counts = [1, 4, 8]

/** What 1, 4 and 8 machines from one snapshot take of the host's memory, after one command in each. */
export async function measureMemory(bench: Bench): Promise<Measured> {
  const guest = await openSavedGuest(bench)
  const totals: number[] = []
  const machines: Machine[] = []
  try {
    for (const count of counts) {
      bench.say(`memory: ${count} machines`)
      while (machines.length < count) {
        bench.signal.throwIfAborted()
        machines.push(await startOne(guest))
      }
      const each = await Promise.all(machines.map(({ qemu }) => proportionalMiB(qemu.pid)))
      totals.push(each.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0))
    }
  } finally {
    await Promise.all(machines.map((machine) => machine.release()))
  }
  const [one = Number.NaN, , eight = Number.NaN] = totals
  const further = (eight - one) / 7
  const row = (what: string, value: number) => ({ what, unit: 'MiB' as const, figures: summarize([value]) })
  const { memoryMiB } = guest.home.shape
  return {
    tables: [
      {
        title: `proportional set size of QEMU, guest of ${memoryMiB} MiB`,
        rows: [
          ...totals.map((total, index) => row(`${counts[index]} machines from one snapshot`, total)),
          row('each further machine', further),
        ],
      },
    ],
    goals: [
      {
        what: "memory of each further machine, of the guest's memory",
        measured: (100 * further) / memoryMiB,
        unit: '%',
        budget: { atMost: 25 },
      },
    ],
  }
}

async function startOne(guest: SavedGuest): Promise<Machine> {
  const machine = await restoreMachine(guest)
  try {
    await runFirstCommand(machine.link)
    return machine
  } catch (error) {
    await machine.release()
    throw error
  }
}
