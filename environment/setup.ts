/** Setup file: gets each test file its machine, and reports it where that fails. */
import { aroundEach, beforeAll, expect } from 'vitest'
import { findSession } from './current-session.ts'
import { observer, recordEvidence, watchTests } from './failure/vitest-hook.ts'
import * as matchers from './matchers.ts'

// Waiting for a machine that others use, and building a guest that only this file names, take their time.
const longestWait = 7_200_000
const restoreDeadline = 300_000

beforeAll(async () => {
  // Files of other environments may run with the same setup files.
  await findSession()?.forFile(expect.getState().testPath ?? '')
}, longestWait)

expect.extend(matchers)
watchTests()

aroundEach(async (runTest, { signal, task }) => {
  const session = findSession()
  if (session === undefined) {
    await runTest()
    return
  }
  await session.duringTest({ signal, observe: observer(task) }, async () => {
    await runTest()
    // Where a hook after the test failed.
    await recordEvidence(task)
  })
}, restoreDeadline)
