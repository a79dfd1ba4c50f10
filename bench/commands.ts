import type { Win } from '../src/client/index.ts'
import { program } from '../test/machine/with-program.ts'

/**
 * How long a program that ends at once takes: started by a program in the guest, and by `win.run`. In turns, so that
 * both meet the same host.
 * @returns milliseconds
 */
export async function timeCommands(win: Win, rounds: number): Promise<{ bare: number[]; run: number[] }> {
  const bare: number[] = []
  const run: number[] = []
  const together = 5
  for (let round = 0; round < rounds; round += together) {
    const { stdout } = await win.run([program, 'start', String(together), `${program} nothing`])
    bare.push(...stdout.split('\n').map((microseconds) => Number(microseconds) / 1000))
    for (let again = 0; again < together; again += 1) {
      const before = performance.now()
      await win.run([program, 'nothing'])
      run.push(performance.now() - before)
    }
  }
  return { bare, run }
}
