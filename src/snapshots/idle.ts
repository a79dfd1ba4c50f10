import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const sample = 500
const longest = 60_000
/** Clock ticks that an idle guest's QEMU may use in one sample: a fifth of one core at 100 ticks a second. */
const quiet = 10

/**
 * Waits until QEMU uses little of the CPU twice in a row, which says that the guest has nothing left to do whatever it
 * is called there. Gives up after a minute: a guest that is never idle is a slower template, not a failure.
 */
export async function waitUntilIdle(pid: number, signal?: AbortSignal): Promise<void> {
  let before = await ticks(pid)
  let quietSamples = 0
  for (let waited = 0; before !== undefined && waited < longest && quietSamples < 2; waited += sample) {
    await delay(sample, undefined, { signal })
    const now = await ticks(pid)
    if (now === undefined) {
      return
    }
    quietSamples = now - before <= quiet ? quietSamples + 1 : 0
    before = now
  }
}

/** CPU time that the process has used, in clock ticks; undefined where the system does not say. */
async function ticks(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the program's name in brackets and may hold blanks.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : Number(fields[11]) + Number(fields[12])
}
