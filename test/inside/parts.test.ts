import { expect, test } from 'vitest'
import { partsOf } from '../../src/inside/parts.ts'

const reporting = (name: string) => [
  '--reporter=default',
  '--reporter=blob',
  `--outputFile.blob=/p/reports/blobs/${name}.json`,
]

test('each machine runs its share, and leaves a report of its own', () => {
  const parts = partsOf(['a', '-u'], '/p/reports', { shards: 2, local: false })
  expect(parts.map(({ name, system, arguments: given }) => ({ name, system, given }))).toEqual([
    {
      name: 'shard 1/2',
      system: undefined,
      given: ['run', 'a', '-u', '--shard=1/2', ...reporting('windows-1')],
    },
    {
      name: 'shard 2/2',
      system: undefined,
      given: ['run', 'a', '-u', '--shard=2/2', ...reporting('windows-2')],
    },
  ])
})

test.each([
  ['linux', 'linux'],
  ['darwin', 'macos'],
])('beside a run on %s the parts have the names of their systems', (platform, name) => {
  const parts = partsOf(['run', '-t', 'x'], '/p/reports', { shards: 1, local: true }, platform)
  expect(parts.map(({ system, place, arguments: given }) => ({ system, place, given }))).toEqual([
    { system: name, place: 'here', given: ['run', '-t', 'x', ...reporting('here')] },
    { system: 'windows', place: 'guest', given: ['run', '-t', 'x', ...reporting('windows')] },
  ])
})

test('both systems, and several machines for one of them', () => {
  const parts = partsOf([], '/p/reports', { shards: 2, local: true }, 'linux')
  expect(parts.map(({ name, system }) => [name, system])).toEqual([
    ['linux', 'linux'],
    ['windows, shard 1/2', 'windows'],
    ['windows, shard 2/2', 'windows'],
  ])
})

test('the coverage of each part goes where the merged one does not', () => {
  const [part] = partsOf(['--coverage.enabled'], '/p/reports', { shards: 2, local: false })
  expect(part?.arguments).toContain('--coverage.reportsDirectory=/p/reports/coverage/windows-1')
})

test.each(['--watch', '-w', 'watch', '--shard=1/2', '--merge-reports', 'list'])(
  '%s is nothing for several runs with one report',
  (argument) => {
    expect(() => partsOf([argument], '/p/reports', { shards: 2, local: false })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(`got ${argument}`) }),
    )
  },
)
