import { describe, expect, test } from 'vitest'
import { below, checkWindowsNames, hostPath, namesFolder } from '../../src/client/guest-path.ts'

test.for<[string, string, string]>([
  ['C:\\a', 'b/c.txt', 'C:\\a\\b\\c.txt'],
  ['C:\\', 'b', 'C:\\b'],
  ['C:/a/', 'b', 'C:/a\\b'],
  ['a', 'b', 'a\\b'],
])('below %s, %s is %s', ([folder, relative, path]) => {
  expect(below(folder, relative)).toBe(path)
})

test('a path that ends with a separator names a folder', () => {
  expect(['C:\\a\\', 'C:/a/', 'C:\\a'].map(namesFolder)).toEqual([true, true, false])
})

describe('names that Windows can have', () => {
  test.for(['a.txt', 'Ж 漢 😀.txt', '.gitignore', 'a b/c', 'console.log', 'nullable'])('%s', (name) => {
    expect(() => checkWindowsNames([name])).not.toThrow()
  })
})

describe('names that Windows cannot have', () => {
  test.for([
    'a:b',
    'what?',
    'a*',
    'a|b',
    'back\\slash',
    'quote"',
    'dot.',
    'blank ',
    'a\u0001',
    'x/NUL',
    'con.txt',
    'aux.',
  ])('%j is told', (name) => {
    expect(() => checkWindowsNames(['fine', name])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })

  test('two that differ in case only are told together', () => {
    expect(() => checkWindowsNames(['Readme.md', 'src/a', 'README.md'])).toThrow(/Readme\.md and README\.md/)
  })
})

describe('a name that the guest told', () => {
  test('is a path with the separators of this computer', () => {
    expect(hostPath('a\\b c\\d.txt')).toBe('a/b c/d.txt')
  })

  test.for(['..\\x', 'a\\..\\..\\b', '\\etc', 'a\\\\b', '.', 'a/../b', 'x\0y', ''])('%j is refused', (name) => {
    expect(() => hostPath(name)).toThrow(expect.objectContaining({ code: 'AGENT_PROTOCOL' }))
  })
})
