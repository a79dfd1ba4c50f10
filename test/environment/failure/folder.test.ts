import { describe, expect, test } from 'vitest'
import { evidenceFolder, fileFolder, testFolder } from '../../../environment/failure/folder.ts'

const place = { project: '', file: 'test/a.test.ts', names: ['installs', 'greets'], id: '1_0' }

describe('the folder of a test', () => {
  test.each([
    ['plain', place, /^\/root\/test\/a\.test\.ts\/installs-greets-[0-9a-f]{6}$/],
    ['of a project', { ...place, project: 'win 11' }, /^\/root\/win-11\/test\/a\.test\.ts\/installs-greets-\w{6}$/],
    ['with signs', { ...place, names: ['../..', 'a "b" c:\\d|*?'] }, /\/a\.test\.ts\/a-b-c-d-\w{6}$/],
    ['of signs only', { ...place, names: ['…', '漢字'] }, /\/a\.test\.ts\/test-\w{6}$/],
    ['with a long name', { ...place, names: ['x'.repeat(5000)] }, /\/x{60}-\w{6}$/],
    ['outside of the root', { ...place, file: '../other/a.test.ts' }, /^\/root\/_\/other\/a\.test\.ts\/installs-/],
  ])('%s', (_, { ...place }, expected) => {
    expect(testFolder('/root', place)).toMatch(expected)
  })

  test('is below that of its file, and its own', () => {
    expect(testFolder('/root', place).startsWith(`${fileFolder('/root', '', 'test/a.test.ts')}/`)).toBe(true)
    const others = [
      { ...place, id: '1_1' },
      { ...place, names: ['installs greets'] },
      { ...place, names: ['installs', 'greets!'] },
    ]
    expect(new Set([place, ...others].map((each) => testFolder('/root', each))).size).toBe(4)
  })
})

test('evidence goes where the global setup says, or to where Vitest has attachments', () => {
  expect(evidenceFolder({ OSRUN_EVIDENCE: '/there' })).toBe('/there')
  expect(evidenceFolder({})).toBe(`${process.cwd()}/.vitest/attachments/osrun`)
})
