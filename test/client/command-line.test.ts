import { describe, expect, test } from 'vitest'
import { commandLine, describeCommand } from '../../src/client/command-line.ts'

describe('a string', () => {
  test.for<[string, string]>([
    ['dir C:\\', 'cmd /d /s /c "dir C:\\"'],
    ['echo "a b"', 'cmd /d /s /c "echo "a b""'],
    ['echo 100% ^& "', 'cmd /d /s /c "echo 100% ^& ""'],
    ['type a.txt | findstr /c:"x y" > b.txt', 'cmd /d /s /c "type a.txt | findstr /c:"x y" > b.txt"'],
    ['echo Привет 😀', 'cmd /d /s /c "echo Привет 😀"'],
  ])('goes to cmd untouched: %s', ([command, line]) => {
    expect(commandLine(command)).toBe(line)
    expect(commandLine(command, 'cmd')).toBe(line)
  })

  test('is the whole command line where there is no shell', () => {
    expect(commandLine('prog "a b" c', false)).toBe('prog "a b" c')
  })
})

describe('an array', () => {
  test.for<[readonly string[], string]>([
    [['whoami'], 'whoami'],
    [['C:\\Program Files\\a.exe', 'x'], '"C:\\Program Files\\a.exe" x'],
    [['C:\\folder\\', 'x'], 'C:\\folder\\ x'],
    [['C:\\a folder\\', 'x'], '"C:\\a folder\\" x'],
    [['p', ''], 'p ""'],
    [['p', 'a b'], 'p "a b"'],
    [['p', 'tab\there'], 'p "tab\there"'],
    [['p', 'line\nend'], 'p "line\nend"'],
    [['p', 'plain\\path\\'], 'p plain\\path\\'],
    [['p', 'a path\\'], 'p "a path\\\\"'],
    [['p', 'a path\\\\'], 'p "a path\\\\\\\\"'],
    [['p', '"'], 'p "\\""'],
    [['p', 'a"b'], 'p "a\\"b"'],
    [['p', 'a\\"b'], 'p "a\\\\\\"b"'],
    [['p', 'a\\\\"b c\\\\d'], 'p "a\\\\\\\\\\"b c\\\\d"'],
    [['p', '%PATH%', '^', '&', '|', '>', '!x!', '*'], 'p %PATH% ^ & | > !x! *'],
    [['p', 'ж', '漢字', '😀'], 'p ж 漢字 😀'],
    [['p', '\u00a0'], 'p "\u00a0"'],
  ])('is quoted so that each item arrives as it is: %j', ([command, line]) => {
    expect(commandLine(command)).toBe(line)
    expect(commandLine(command, false)).toBe(line)
  })

  test('reads back as it was, by the rules of CommandLineToArgvW', () => {
    const letters = ['a', ' ', '"', '\\', '\t', 'ж']
    for (let number = 0; number < 6 ** 5; number += 1) {
      const argument = Array.from({ length: 5 }, (_, place) => letters[Math.floor(number / 6 ** place) % 6]).join('')
      expect(commandLineToArguments(commandLine(['p', argument, 'end']))).toEqual(['p', argument, 'end'])
    }
  })
})

describe('what no command line can carry is refused:', () => {
  test.for<[string, string | readonly string[], 'cmd' | false | undefined, RegExp]>([
    ['an empty string', '', undefined, /empty string/],
    ['blanks', '  ', undefined, /empty string/],
    ['an empty array', [], undefined, /first item/],
    ['an empty program', ['', 'x'], undefined, /first item/],
    ['a quote in the program', ['a"b'], undefined, /without a quote/],
    ['NUL in a string', 'echo a\0b', undefined, /NUL/],
    ['NUL in an argument', ['p', 'a\0'], undefined, /NUL/],
    ['an array for cmd', ['p'], 'cmd', /without a shell/],
    ['a .bat script in an array', ['C:\\x\\run.bat', 'a'], undefined, /one string/],
    ['a .CMD script in an array', ['NPM.CMD'], undefined, /one string/],
    ['a .bat script in disguise', ['run.bat. .'], undefined, /one string/],
    ['more than Windows takes', ['p', 'x'.repeat(32_765)], undefined, /32766 characters/],
  ])('%s', ([_, command, shell, message]) => {
    expect(() => commandLine(command, shell)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
    )
  })

  test('but the longest command line that Windows takes is not', () => {
    expect(commandLine(['p', 'x'.repeat(32_764)])).toHaveLength(32_766)
  })
})

test('a command is described as it was given, an array with quotes where they are needed', () => {
  expect(describeCommand('dir C:\\ /b')).toBe('dir C:\\ /b')
  expect(describeCommand(['cmd', '/c', 'echo a& echo b'])).toBe('cmd /c "echo a& echo b"')
})

/** What a program makes of its command line, as Microsoft's C runtime documents it. */
function commandLineToArguments(line: string): string[] {
  const [program = '', rest = ''] = line.split(/ (.*)/s)
  const found: string[] = []
  let current: string | undefined
  let quoted = false
  for (let at = 0; at < rest.length; at += 1) {
    const backslashes = /^\\*/.exec(rest.slice(at))?.[0].length ?? 0
    if (rest[at + backslashes] === '"') {
      current = `${current ?? ''}${'\\'.repeat(Math.floor(backslashes / 2))}`
      at += backslashes
      if (backslashes % 2 === 1) {
        current += '"'
      } else {
        quoted = !quoted
      }
    } else if (backslashes > 0) {
      current = `${current ?? ''}${'\\'.repeat(backslashes)}`
      at += backslashes - 1
    } else if (!quoted && (rest[at] === ' ' || rest[at] === '\t')) {
      if (current !== undefined) {
        found.push(current)
      }
      current = undefined
    } else {
      current = `${current ?? ''}${rest[at]}`
    }
  }
  return [program, ...found, ...(current === undefined ? [] : [current])]
}
