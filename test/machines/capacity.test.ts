import { expect, test } from 'vitest'
import { Capacity, defaultCapacity } from '../../src/machines/capacity.ts'

test('places are given in the order in which they were asked for', async () => {
  const capacity = new Capacity(1)
  const giveBack = await capacity.take()
  const order: number[] = []
  const waiting = [1, 2, 3].map(async (number) => {
    const give = await capacity.take()
    order.push(number)
    give()
  })
  expect(capacity.queued).toBe(3)
  giveBack()
  await Promise.all(waiting)
  expect(order).toEqual([1, 2, 3])
})

test('a place given back twice is one place', async () => {
  const capacity = new Capacity(1)
  const giveBack = await capacity.take()
  giveBack()
  giveBack()
  await capacity.take()
  capacity.take()
  expect(capacity.queued).toBe(1)
})

test('what can do without a place takes one only where it is free, and gives it to who waits', async () => {
  const capacity = new Capacity(1)
  const giveBack = capacity.tryTake()
  expect(capacity.full).toBe(true)
  expect(capacity.tryTake()).toBeUndefined()
  const next = capacity.take()
  giveBack?.()
  await expect(next).resolves.toBeTypeOf('function')
  expect(capacity.full).toBe(true)
})

test('who leaves the queue does not get a place', async () => {
  const capacity = new Capacity(1)
  const giveBack = await capacity.take()
  const controller = new AbortController()
  const left = capacity.take(controller.signal)
  const next = capacity.take()
  controller.abort()
  await expect(left).rejects.toMatchObject({ code: 'CANCELED' })
  giveBack()
  await expect(next).resolves.toBeTypeOf('function')
})

test.each([
  { cores: 2, gib: 24, guest: 1024, expected: 4, why: 'two per core' },
  { cores: 16, gib: 8, guest: 4096, expected: 3, why: 'half of its memory each, 1 GiB for the host' },
  { cores: 1, gib: 1, guest: 4096, expected: 1, why: 'at least one' },
])('a host of $cores cores and $gib GiB has room for $expected machines: $why', ({ cores, gib, guest, expected }) => {
  expect(defaultCapacity({ cores, memoryBytes: gib * 2 ** 30 }, guest)).toBe(expected)
})
