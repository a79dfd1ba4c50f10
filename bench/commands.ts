import { createInterface } from 'node:readline'
import type { Win } from '../src/client/index.ts'
import { program } from '../test/machine/with-program.ts'

/**
 * How long a program that ends at once takes: started by a program in the guest, and by `win.run`. In turns, so that
 * both meet the same host: what belongs together has the same index.
 * @returns milliseconds
 */
export async function timeCommands(win: Win, rounds: number): Promise<{ bare: number[]; run: number[] }> {
  const bare: number[] = []
  const run: number[] = []
  const starter = win.spawn([program, 'start', `${program} nothing`])
  const answers = createInterface({ input: starter.stdout })[Symbol.asyncIterator]()
  // The first of each is the one that finds out where everything is.
  for (let round = -1; round < rounds; round += 1) {
    starter.stdin.write('\n')
    const { value: microseconds } = await answers.next()
    const before = performance.now()
    await win.run([program, 'nothing'])
    const passed = performance.now() - before
    if (round >= 0) {
      bare.push(Number(microseconds) / 1000)
      run.push(passed)
    }
  }
  starter.stdin.end()
  await starter
  return { bare, run }
}
