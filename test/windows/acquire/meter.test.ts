import { expect, test } from 'vitest'
import type { Progress } from '../../../src/protocol/messages.ts'
import { Meter } from '../../../src/windows/acquire/meter.ts'

const mib = 2 ** 20

function start() {
  const clock = { now: 0 }
  const told: Progress[] = []
  const meter = new Meter(
    'downloading',
    (progress) => told.push(progress),
    () => clock.now,
  )
  return { clock, told, meter }
}

test('rate and time left are those of the last while', () => {
  const { clock, told, meter } = start()
  meter.expect(100 * mib)
  for (let second = 0; second < 25; second += 1) {
    meter.move(second < 5 ? 10 * mib : mib)
    clock.now += 1000
  }
  expect(told.at(-1)).toEqual({
    phase: 'downloading',
    percent: 70,
    detail: '70.0 MiB of 100.0 MiB, 1.0 MiB/s, 30 s left',
  })
})

test('what was there before counts for the amount and not for the rate', () => {
  const { clock, told, meter } = start()
  meter.expect(100 * mib)
  meter.skip(50 * mib)
  clock.now += 1000
  meter.move(mib)
  expect(told).toEqual([
    { phase: 'downloading', percent: 50, detail: '50.0 MiB of 100.0 MiB' },
    { phase: 'downloading', percent: 51, detail: '51.0 MiB of 100.0 MiB, 1.0 MiB/s, 49 s left' },
  ])
})

test('without a total there is the amount', () => {
  const { clock, told, meter } = start()
  meter.move(mib)
  clock.now += 2000
  meter.move(mib)
  expect(told.at(-1)).toEqual({ phase: 'downloading', detail: '2.0 MiB, 512.0 KiB/s' })
})

test('it is told twice a second at most', () => {
  const { clock, told, meter } = start()
  for (let moment = 0; moment <= 100; moment += 1) {
    meter.move(1)
    clock.now += 10
  }
  expect(told).toHaveLength(3)
})
