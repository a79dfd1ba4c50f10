import { expect, test } from 'vitest'
import { ProgressLines } from '../../src/runtime/progress-lines.ts'

function start() {
  const lines: string[] = []
  const clock = { now: 1000 }
  return {
    lines,
    clock,
    progress: new ProgressLines(
      (line) => lines.push(line),
      () => clock.now,
    ),
  }
}

test('each phase is a line, with the time since the beginning', () => {
  const { lines, clock, progress } = start()
  progress.report({ phase: 'unpacking' })
  clock.now += 65_000
  progress.report({ phase: 'booting' })
  expect(lines).toEqual(['osrun: unpacking (0 ms)', 'osrun: booting (1 min 05 s)'])
})

test('each tenth of a phase is a line', () => {
  const { lines, clock, progress } = start()
  for (let percent = 0; percent <= 100; percent += 0.5) {
    progress.report({ phase: 'unpacking', percent })
    clock.now += 100
  }
  expect(lines).toEqual([
    'osrun: unpacking (0 ms)',
    ...Array.from({ length: 10 }, (_, tenth) => `osrun: unpacking, ${tenth + 1}0% (${2 * (tenth + 1)} s)`),
  ])
})

test('a phase that is over at once is one line', () => {
  const { lines, progress } = start()
  for (let percent = 0; percent <= 100; percent += 1) {
    progress.report({ phase: 'downloading', percent })
  }
  progress.report({ phase: 'unpacking' })
  expect(lines).toEqual(['osrun: downloading (0 ms)', 'osrun: unpacking (0 ms)'])
})

test('a phase of which nothing is heard is told again from time to time', () => {
  const { lines, clock, progress } = start()
  progress.tick()
  progress.report({ phase: 'booting', percent: 42 })
  for (let second = 0; second < 31; second += 1) {
    clock.now += 1000
    progress.tick()
  }
  expect(lines).toEqual(['osrun: booting, 42% (0 ms)', 'osrun: booting, 42% (15 s)', 'osrun: booting, 42% (30 s)'])
})

test('a long phase says how long it will take at its speed until now', () => {
  const { lines, clock, progress } = start()
  progress.report({ phase: 'applying', percent: 0 })
  for (const percent of [10, 50, 100]) {
    clock.now += percent * 1200
    progress.report({ phase: 'applying', percent })
  }
  expect(lines).toEqual([
    'osrun: applying (0 ms)',
    'osrun: applying, 10% (12 s)',
    'osrun: applying, 50%, about 1 min 12 s left (1 min 12 s)',
    'osrun: applying, 100% (3 min 12 s)',
  ])
})

test('what changes all the time is told with the line, and makes no line by itself', () => {
  const { lines, clock, progress } = start()
  for (let percent = 0; percent <= 20; percent += 1) {
    progress.report({ phase: 'downloading', percent, detail: `${percent} B of 100 B` })
    clock.now += 400
  }
  expect(lines).toEqual([
    'osrun: downloading, 0 B of 100 B (0 ms)',
    'osrun: downloading, 10%, 10 B of 100 B (4 s)',
    'osrun: downloading, 20%, 20 B of 100 B (8 s)',
  ])
})
