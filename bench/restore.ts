import { rm } from 'node:fs/promises'
import { Machine } from '../src/machines/machine.ts'
import type { Bench } from './bench.ts'
import { fillGuest } from './filled-guest.ts'
import { type Loadvm, prepareLoadvm } from './loadvm.ts'
import { dropFromPageCache } from './page-cache.ts'
import { pageFaults } from './process-figures.ts'
import type { Goal, Measured, Table } from './results.ts'
import {
  agentDeadline,
  clone,
  filesOf,
  greeting,
  openSavedGuest,
  type SavedGuest,
  usualMemoryMiB,
} from './saved-guest.ts'
import { runFirstCommand, type Start, startRows } from './start.ts'
import { summarize } from './statistics.ts'

const sizes = [1024, 2048, 4096]

type Starts = Record<'osrun' | 'qemu -loadvm', Start[]>

/**
 * Restoring beside `qemu -loadvm`, for three sizes of an idle guest and of one that uses its memory, with what they
 * read in the page cache and without.
 */
export async function measureRestore(bench: Bench): Promise<Measured> {
  const parts: Measured[] = []
  for (const memoryMiB of sizes) {
    try {
      await measureSize(bench, memoryMiB, parts)
    } catch (error) {
      // What the other sizes took minutes for is not lost with it.
      if (parts.length === 0 || bench.signal.aborted) {
        throw error
      }
      bench.say(`restore: ${memoryMiB} MiB failed: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { tables: parts.flatMap(({ tables }) => tables), goals: parts.flatMap(({ goals }) => goals) }
}

async function measureSize(bench: Bench, memoryMiB: number, parts: Measured[]): Promise<void> {
  const idle = await openSavedGuest(bench, memoryMiB)
  // The usual guest most often: of few values the slowest is no percentile.
  const rounds = memoryMiB === usualMemoryMiB ? bench.rounds : Math.ceil(bench.rounds / 2)
  parts.push(await measureGuest(bench, idle, 'idle', rounds))
  bench.signal.throwIfAborted()
  bench.say(`restore: filling ${memoryMiB} MiB`)
  const filled = await fillGuest(idle, bench.signal)
  parts.push(await measureGuest(bench, filled, 'filled', Math.ceil(bench.rounds / 4)))
  // Gigabytes, which the next size needs.
  await rm(filled.home.store.folder, { recursive: true, force: true })
}

async function measureGuest(bench: Bench, guest: SavedGuest, use: string, rounds: number): Promise<Measured> {
  const gibibytes = guest.home.shape.memoryMiB / 1024
  const name = `${gibibytes} GiB, ${use}`
  await using loadvm = await prepareLoadvm(guest)
  // Both once, so that the page cache is warm.
  await timeStarts(bench, guest, loadvm, 1, false)
  bench.say(`restore: ${name}, warm`)
  const warm = await timeStarts(bench, guest, loadvm, rounds, false)
  bench.say(`restore: ${name}, cold`)
  const cold = await timeStarts(bench, guest, loadvm, Math.ceil(rounds / 2), true)
  const table = (starts: Starts, cache: string): Table => ({
    title: `${name} (${loadvm.savedMiB} MiB saved by QEMU), page cache ${cache}`,
    rows: startRows(starts),
  })
  // The flat line is promised for any guest, ten times as fast for the smallest.
  const atLeast = gibibytes === 1 && use === 'idle' ? 10 : 1
  const goal = (starts: Starts, cache: string): Goal => ({
    what: `restore, ${name}, ${cache}: how often as fast as \`qemu -loadvm\``,
    measured: median(starts['qemu -loadvm']) / median(starts.osrun),
    unit: 'times',
    budget: { atLeast },
  })
  return {
    tables: [table(warm, 'warm'), table(cold, 'cold')],
    goals: [goal(warm, 'warm'), goal(cold, 'cold')],
  }
}

function median(starts: readonly Start[]): number {
  return summarize(starts.map(({ running }) => running)).median
}

/** In turns, so that both meet the same host. */
async function timeStarts(
  { signal }: Bench,
  guest: SavedGuest,
  loadvm: Loadvm,
  rounds: number,
  cold: boolean,
): Promise<Starts> {
  const starts: Starts = { osrun: [], 'qemu -loadvm': [] }
  const drop = async (files: Promise<string[]>) => (cold ? dropFromPageCache(await files) : undefined)
  for (let round = 0; round < rounds; round += 1) {
    signal.throwIfAborted()
    await drop(filesOf(guest))
    starts.osrun.push(await timeRestore(guest))
    await drop(loadvm.files())
    starts['qemu -loadvm'].push(await loadvm.time())
  }
  return starts
}

async function timeRestore(guest: SavedGuest): Promise<Start> {
  const startedAt = performance.now()
  const machine = await Machine.start(guest.programs, guest.place(), clone(guest))
  try {
    await machine.resume()
    const running = performance.now() - startedAt
    const link = await machine.connectAgent(greeting, agentDeadline)
    await runFirstCommand(link)
    return { running, command: performance.now() - startedAt, ...(await pageFaults(machine.qemu.pid)) }
  } finally {
    await machine.release()
  }
}
