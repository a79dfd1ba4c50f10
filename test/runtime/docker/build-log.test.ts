import { expect, test } from 'vitest'
import { type BuildEvent, BuildLog } from '../../../src/runtime/docker/build-log.ts'

test('a step is told when it runs, with its place in the build', () => {
  expect(progressOf(['Step 1/4 : FROM debian AS base\n', ' ---> 88f83069ec18\n'])).toEqual([])
  expect(
    progressOf([
      'Step 1/4 : FROM debian AS agent\n',
      'Step 2/4 : RUN make   -C /agent\n',
      ' ---> Running in a53c04a1ff70\n',
      'Step 3/4 : FROM debian\n',
      'Step 4/4 : RUN true\n',
      ' ---> Running in c7d10e77f2a5\n',
    ]),
  ).toEqual([
    { phase: 'image: step 2/4, agent: make -C /agent', percent: 25 },
    { phase: 'image: step 4/4, server: true', percent: 75 },
  ])
})

test('steps that the builder has in its cache, and those that are over at once, are not told', () => {
  const cached = ['Step 2/4 : RUN make\n', ' ---> Using cache\n', ' ---> 6de2b126dac9\n']
  expect(progressOf([...cached, 'Step 3/4 : USER osrun\n', ' ---> Running in 15da0\n'])).toEqual([])
})

test('a long step is cut short', () => {
  const [progress] = progressOf([`Step 1/1 : RUN ${'apt-get '.repeat(50)}\n`, ' ---> Running in 15da0\n'])
  expect(progress?.phase).toMatch(/^image: step 1\/1, server: apt-get .{1,59}…$/)
})

test("a recipe's own phases are told", () => {
  expect(progressOf(['Step 2/4 : RUN sh setup\n', 'osrun-progress - Making the initrd\n'])).toEqual([
    { phase: 'image: step 2/4, server: Making the initrd', percent: 25 },
  ])
})

test('pulling the base image is told', () => {
  const log = new BuildLog()
  expect(log.add({ status: 'Pulling from library/debian' })).toEqual({
    phase: 'image: pulling the base image',
    percent: 0,
  })
  expect(log.add({ status: 'Downloading' })).toBeUndefined()
})

test('lines are put together from pieces, and the last ones are kept without colours and bookkeeping', () => {
  const log = logOf([
    'one\ntw',
    'o\n\u001b[91mthr',
    'ee\u001b[0m\n',
    'Removing intermediate container 42\n',
    ' ---> 42\nfo',
    'ur',
  ])
  expect(log.lastLines(3)).toEqual(['two', 'three', 'four'])
  expect(log.error).toBeUndefined()
})

test('however much a build says, what is kept is bounded', () => {
  const log = logOf(Array.from({ length: 500 }, (_, index) => `${index}${'x'.repeat(10_000)}\n`))
  const kept = log.lastLines(1000)
  expect(kept).toHaveLength(100)
  expect(kept.at(-1)).toHaveLength(2000)
})

test('the failure that an event tells is kept', () => {
  const log = new BuildLog()
  expect(log.add({ error: 'The command returned a non-zero code: 9\n' })).toBeUndefined()
  expect(log.error).toBe('The command returned a non-zero code: 9')
})

function logOf(pieces: string[]): BuildLog {
  const log = new BuildLog()
  for (const stream of pieces) {
    log.add({ stream })
  }
  return log
}

function progressOf(pieces: string[]) {
  const log = new BuildLog()
  const events: BuildEvent[] = pieces.map((stream) => ({ stream }))
  return events.flatMap((event) => log.add(event) ?? [])
}
