import { expect, test } from 'vitest'
import { reportPlaces, separate, splitReporting, vitestArguments } from '../../src/inside/arguments.ts'
import { PathMap } from '../../src/inside/path-map.ts'

const map = new PathMap('C:\\inside\\lib', '/home/me/lib')

test.each([
  [[], ['run'], false],
  [['src/a.test.ts', '-t', 'a name'], ['run', 'src/a.test.ts', '-t', 'a name'], false],
  [['/home/me/lib/a.test.ts'], ['run', 'C:\\inside\\lib\\a.test.ts'], false],
  [['list', '--json'], ['list', '--json'], false],
  [['run', '--coverage'], ['run', '--coverage'], false],
  [['--watch'], ['--watch'], true],
  [['watch', 'a'], ['watch', 'a'], true],
])('%j is %j in the guest', (given, argv, watch) => {
  expect(vitestArguments(given, map)).toEqual({ argv, watch })
})

const known = [
  { flags: ['--memory'], takesValue: true },
  { flags: ['--verbose'], takesValue: false },
]

test.each([
  [
    ['--memory', '2GiB', '--bail', '1'],
    ['--memory', '2GiB', '--', '--bail', '1'],
  ],
  [
    ['--memory=2GiB', '--verbose', 'a.test.ts', '--memory'],
    ['--memory=2GiB', '--verbose', '--', 'a.test.ts', '--memory'],
  ],
  [
    ['-t', 'name', '--verbose'],
    ['--', '-t', 'name', '--verbose'],
  ],
  [
    ['--verbose', '--', '--verbose'],
    ['--verbose', '--', '--verbose'],
  ],
  [[], ['--']],
])('of %j osrun takes what stands before --: %j', (given, separated) => {
  expect(separate(given, known)).toEqual(separated)
})

test.each([
  [['--outputFile=out.xml'], ['out.xml']],
  [['--outputFile.junit', 'a/out.xml', '-u'], ['a/out.xml']],
  [['--coverage.reportsDirectory=cov', '--coverage'], ['cov']],
  [['--outputFile'], []],
  [['-t', 'x'], []],
])('%j says that reports go to %j', (given, places) => {
  expect(reportPlaces(given)).toEqual(places)
})

test('how to report is told to the one that merges, all else to each part, and both hear of the coverage', () => {
  const given = ['a.test.ts', '--reporter=dot', '--bail', '1', '--reporter', 'junit', '--outputFile.junit=o.xml']
  expect(splitReporting([...given, '--coverage', '-u'])).toEqual({
    merge: ['--reporter=dot', '--reporter', 'junit', '--outputFile.junit=o.xml', '--coverage'],
    parts: ['a.test.ts', '--bail', '1', '--coverage', '-u'],
  })
})
