import type { Writable } from 'node:stream'
import { checkPinned, describePinned } from '../windows/acquire/check-pinned.ts'

/**
 * `osrun media check`: whether the ISOs of the list are still there and as large as they were. Downloads nothing.
 * @returns the exit code: 1 where one is gone, is another one, or could not be asked for
 */
export async function checkMedia({ json = false }, stdout: Writable = process.stdout): Promise<number> {
  const states = await checkPinned()
  const lines = json
    ? JSON.stringify(
        states.map(({ state, detail, iso }) => ({ state, detail, title: iso.title, url: iso.url })),
        undefined,
        2,
      )
    : states.map(describePinned).join('\n')
  stdout.write(`${lines}\n`)
  return states.every(({ state }) => state === 'ok') ? 0 : 1
}
