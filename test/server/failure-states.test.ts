import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FailureStates } from '../../src/server/failure-states.ts'
import { failureLock } from '../../src/snapshots/failures.ts'
import { lock } from '../../src/snapshots/lock.ts'

let cache: string
let states: FailureStates
const never = new AbortController().signal

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun failure states '))
  states = new FailureStates(cache)
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

test('of one run three states are saved, and of the next one again', async () => {
  const baked: string[] = []
  const save = (run: string) => states.keep(run, 1, never, async (name) => baked.push(name))
  const saved = await Promise.all([save('one'), save('one'), save('one')])
  expect(saved.map((state) => `failure-${'id' in state && state.id}`).sort()).toEqual(baked.sort())
  expect(await save('one')).toEqual({ none: 'the states of 3 failed tests of this run are kept already' })
  expect(await save('two')).toEqual({ id: expect.stringMatching(/^[0-9a-f]{8}$/) })
})

test('one that could not be saved does not count', async () => {
  for (const why of ['a', 'b', 'c', 'd']) {
    await expect(states.keep('one', 1, never, () => Promise.reject(new Error(why)))).rejects.toThrow(why)
  }
  expect(await states.keep('one', 1, never, async () => {})).toHaveProperty('id')
})

test('who waits for another machine room that saves one gives up at its deadline', async () => {
  const unlock = await lock(failureLock(cache))
  await expect(states.keep('one', 1, AbortSignal.timeout(100), async () => {})).rejects.toMatchObject({
    code: 'CANCELED',
  })
  await unlock()
  expect(await states.keep('one', 1, never, async () => {})).toHaveProperty('id')
})
