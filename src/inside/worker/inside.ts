/** For a suite that `osrun test` runs in the guest: `test('…', async ({ win }) => { … })`; elsewhere such a test is skipped. */
import { test as base } from 'vitest'
import { type InsideWin, machine } from './machine.ts'

export type { InsideRunOptions, InsideWin } from './machine.ts'

/** The machine that this test runs in; undefined on any other computer. */
export const win: InsideWin | undefined = machine

/** Vitest's `test` with the fixture `win`. A test that uses it is skipped where it does not run in such a machine. */
export const test = base.extend('win', ({ skip }): InsideWin => {
  return machine ?? skip('needs the machine of `osrun test`')
})

/** The same as `test`. */
export const it = test
