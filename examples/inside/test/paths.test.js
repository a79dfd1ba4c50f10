import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, sep } from 'node:path'
import normalizePath from 'normalize-path'
import picomatch from 'picomatch'
import slash from 'slash'
import { afterAll, describe, expect, test } from 'vitest'

const isWindows = process.platform === 'win32'
const folder = mkdtempSync(join(tmpdir(), 'inside-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('slash', () => {
  test('gives a path of either system forward slashes', () => {
    expect(slash(join('src', 'deep', 'file.js'))).toBe('src/deep/file.js')
  })

  test('leaves an extended-length path as it is', () => {
    expect(slash('\\\\?\\C:\\src')).toBe('\\\\?\\C:\\src')
  })
})

describe('normalize-path', () => {
  test('makes a temporary file of this system the same kind of path everywhere', () => {
    const path = normalizePath(join(folder, 'file.txt'))
    expect(path).not.toContain('\\')
    expect(path.endsWith('/file.txt')).toBe(true)
    expect(isAbsolute(path)).toBe(true)
  })
})

describe('picomatch', () => {
  test("matches this system's own paths", () => {
    const isSource = picomatch('src/**/*.js', { windows: isWindows })
    expect(isSource(['src', 'deep', 'file.js'].join(sep))).toBe(true)
    expect(isSource(['lib', 'file.js'].join(sep))).toBe(false)
  })

  test('tells apart what a backslash means', () => {
    // Only with options of any kind it looks at the system.
    expect(picomatch('src/*.js', {})('src\\file.js')).toBe(isWindows)
  })
})

describe('the file system', () => {
  test('finds a file whose name has another case, or does not', () => {
    writeFileSync(join(folder, 'Readme.md'), 'text')
    expect(existsSync(join(folder, 'README.MD'))).toBe(isWindows)
  })

  test(`has a drive: ${isWindows}`, () => {
    expect(/^[A-Z]:\\/i.test(process.cwd())).toBe(isWindows)
  })
})
