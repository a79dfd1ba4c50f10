import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { atMost } from '../../src/client/at-most.ts'

test('each item is worked on once, and never more than the limit at a time', async () => {
  const done: number[] = []
  let running = 0
  let most = 0
  await atMost(3, [5, 1, 4, 2, 3, 0], async (item) => {
    running += 1
    most = Math.max(most, running)
    await delay(item)
    running -= 1
    done.push(item)
  })
  expect({ most, done: done.toSorted() }).toEqual({ most: 3, done: [0, 1, 2, 3, 4, 5] })
})

test('after a failure nothing more is begun, and what is under way is waited for', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const working = atMost(2, [1, 2, 3, 4], async (item) => {
    begun.push(item)
    if (item === 1) {
      throw new Error('the first')
    }
    await delay(20)
    ended.push(item)
  })
  await expect(working).rejects.toThrow('the first')
  expect({ begun, ended }).toEqual({ begun: [1, 2], ended: [2] })
})

test('no items are no work', async () => {
  await atMost(4, [], () => expect.fail('there is nothing to do'))
})
