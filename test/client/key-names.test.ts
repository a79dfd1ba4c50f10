import { describe, expect, test } from 'vitest'
import { chordOf, chordsOf } from '../../src/client/key-names.ts'

describe('text', () => {
  test.for<[string, string[][]]>([
    ['aB1', [['a'], ['shift', 'b'], ['1']]],
    ['!)_+', ['1', '0', 'minus', 'equal'].map((key) => ['shift', key])],
    ['C:\\x', [['shift', 'c'], ['shift', 'semicolon'], ['backslash'], ['x']]],
    ['a b\t', [['a'], ['spc'], ['b'], ['tab']]],
    ['1\r\n2\n', [['1'], ['ret'], ['2'], ['ret']]],
    ['', []],
  ])('%j is typed by its keys', ([text, chords]) => {
    expect(chordsOf(text)).toEqual(chords)
  })

  test('every printable character of ASCII has a key of its own', () => {
    const text = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')
    const chords = chordsOf(text) ?? []
    expect(new Set(chords.map((chord) => chord.join('+'))).size).toBe(95)
  })

  test.for(['é', 'Привет', '漢', '😀', '\u0000'])('%j has no key', (text) => {
    expect(chordsOf(`a${text}`)).toBeUndefined()
  })
})

describe('a chord', () => {
  test.for<[string, string[]]>([
    ['Enter', ['ret']],
    ['enter', ['ret']],
    ['Control+A', ['ctrl', 'a']],
    ['control+a', ['ctrl', 'a']],
    ['Control+Shift+Escape', ['ctrl', 'shift', 'esc']],
    ['Alt+F4', ['alt', 'f4']],
    ['F12', ['f12']],
    ['Meta+R', ['meta_l', 'r']],
    ['a', ['a']],
    ['A', ['shift', 'a']],
    ['?', ['shift', 'slash']],
    ['+', ['shift', 'equal']],
    ['Control++', ['ctrl', 'shift', 'equal']],
    ['Control+Plus', ['ctrl', 'shift', 'equal']],
    ['Shift+?', ['shift', 'slash']],
    ['PageDown', ['pgdn']],
    ['ArrowUp', ['up']],
  ])('%s', ([keys, chord]) => {
    expect(chordOf(keys)).toEqual(chord)
  })

  test.for(['', 'Entr', 'Control+', 'Ж', 'F13', 'ab'])('%j is refused with the key that is not known', (keys) => {
    expect(() => chordOf(keys)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})
