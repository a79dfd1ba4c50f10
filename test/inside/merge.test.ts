import { expect, test } from 'vitest'
import { shardParts } from '../../src/inside/merge.ts'

test('each machine runs its share, and leaves a report of its own', () => {
  expect(shardParts(['a', '-u'], '.vitest/r', { shards: 2, local: false })).toEqual([
    {
      name: 'windows 1/2',
      label: '',
      arguments: ['a', '-u', '--shard=1/2', '--reporter=blob', '--outputFile.blob=.vitest/r/windows-1.json'],
    },
    {
      name: 'windows 2/2',
      label: '',
      arguments: ['a', '-u', '--shard=2/2', '--reporter=blob', '--outputFile.blob=.vitest/r/windows-2.json'],
    },
  ])
})

test('beside a run on this computer, one machine runs all, under the name of its system', () => {
  expect(shardParts([], '.vitest/r', { shards: 1, local: true })).toEqual([
    { name: 'windows', label: 'windows', arguments: ['--reporter=blob', '--outputFile.blob=.vitest/r/windows-1.json'] },
  ])
})
