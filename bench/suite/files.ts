import { fileURLToPath } from 'node:url'

/** Stands in a command line of QEMU for the port that leads to the agent. */
export const portMark = 'PORT'

const runByLoadvm = fileURLToPath(new URL('./run-by-loadvm.ts', import.meta.url))

/** A test file of one command, as users of this package write it. */
export function restoredFile(number: number): string {
  return `
    import { expect, test } from 'vitest-environment-osrun/test'
    test('says its number', async ({ win }) => {
      expect((await win.run('echo file ${number}')).stdout).toBe('file ${number}')
    })
  `
}

/** The same, with a QEMU of its own that loads a snapshot, and ncat. */
export function loadedFile(number: number): string {
  return `
    import { expect, test } from 'vitest'
    import { runByLoadvm } from ${JSON.stringify(runByLoadvm)}
    test('says its number', async () => {
      expect(await runByLoadvm('echo file ${number}')).toBe('file ${number}')
    })
  `
}
