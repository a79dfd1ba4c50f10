/** Setup file: gets each test file its machine, and reports it where that fails. */
import { aroundEach, beforeAll, expect } from 'vitest'
import { findSession } from './current-session.ts'

// Waiting for a machine that others use, and building a guest that only this file names, take their time.
const longestWait = 7_200_000
const restoreDeadline = 300_000

beforeAll(async () => {
  // Files of other environments may run with the same setup files.
  await findSession()?.forFile(expect.getState().testPath ?? '')
}, longestWait)

aroundEach(async (runTest, { signal }) => {
  const session = findSession()
  await (session === undefined ? runTest() : session.duringTest(signal, runTest))
}, restoreDeadline)
