import { startServer } from '../src/client/index.ts'
import { putProgram } from '../test/machine/with-program.ts'
import type { Bench } from './bench.ts'
import { timeCommands } from './commands.ts'
import type { Measured } from './results.ts'
import { medianBounds, summarize } from './statistics.ts'

/** What `win.run` adds to a program's own time. */
export async function measureCommands({ cache, rounds, say }: Bench): Promise<Measured> {
  say('commands')
  await using server = await startServer({ runtime: 'host', cache, standbys: 0 })
  await using win = await server.acquire({ label: 'bench' })
  await putProgram(win)
  const { bare, run } = await timeCommands(win, 5 * rounds)
  // Pair by pair: the host's slow moments meet both of a pair.
  const added = run.map((took, index) => took - (bare[index] ?? Number.NaN))
  const [low, high] = medianBounds(added)
  const row = (what: string, values: number[]) => ({ what, unit: 'ms' as const, figures: summarize(values) })
  return {
    tables: [
      {
        title: 'a program that ends at once',
        rows: [
          row('CreateProcess to its end, timed by a program in the guest', bare),
          row('`win.run`', run),
          row('of that, added', added),
        ],
      },
    ],
    goals: [
      {
        what: `\`win.run\` over a bare CreateProcess in the guest: added (95 % between ${low.toFixed(1)} and ${high.toFixed(1)})`,
        measured: summarize(added).median,
        unit: 'ms',
        budget: { atMost: 10 },
      },
    ],
  }
}
