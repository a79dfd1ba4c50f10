import { OsrunError } from '../protocol/errors.ts'

/** Keys that are pressed together, by QEMU's names for them. */
export type Chord = readonly string[]

/** QEMU's names of the keys of a US keyboard by the character that they type alone, and with Shift. */
const plain = new Map<string, string>()
const shifted = new Map<string, string>()
const symbols: readonly [string, string, string][] = [
  ['grave_accent', '`', '~'],
  ['minus', '-', '_'],
  ['equal', '=', '+'],
  ['bracket_left', '[', '{'],
  ['bracket_right', ']', '}'],
  ['backslash', '\\', '|'],
  ['semicolon', ';', ':'],
  ['apostrophe', "'", '"'],
  ['comma', ',', '<'],
  ['dot', '.', '>'],
  ['slash', '/', '?'],
  ['spc', ' ', ' '],
  ...[...'1234567890'].map((digit, index): [string, string, string] => [digit, digit, '!@#$%^&*()'.charAt(index)]),
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter): [string, string, string] => [
    letter,
    letter,
    letter.toUpperCase(),
  ]),
]
for (const [code, alone, withShift] of symbols) {
  plain.set(alone, code)
  shifted.set(withShift, code)
}
shifted.delete(' ')
plain.set('\n', 'ret').set('\r', 'ret').set('\t', 'tab')

/** Names of keys as browsers and Playwright have them (`KeyboardEvent.key`), with QEMU's. */
const named = new Map<string, string>([
  ...Object.entries({
    control: 'ctrl',
    ctrl: 'ctrl',
    shift: 'shift',
    alt: 'alt',
    altgraph: 'alt_r',
    meta: 'meta_l',
    win: 'meta_l',
    enter: 'ret',
    tab: 'tab',
    space: 'spc',
    escape: 'esc',
    esc: 'esc',
    backspace: 'backspace',
    delete: 'delete',
    insert: 'insert',
    home: 'home',
    end: 'end',
    pageup: 'pgup',
    pagedown: 'pgdn',
    arrowup: 'up',
    arrowdown: 'down',
    arrowleft: 'left',
    arrowright: 'right',
    capslock: 'caps_lock',
    numlock: 'num_lock',
    scrolllock: 'scroll_lock',
    printscreen: 'print',
    pause: 'pause',
    contextmenu: 'compose',
    plus: 'equal',
  }),
  ...Array.from({ length: 12 }, (_, index): [string, string] => [`f${index + 1}`, `f${index + 1}`]),
])

/**
 * The keys that type `text` on a US keyboard, one chord a character; undefined where a character has no key there.
 * `\r\n` is one Enter.
 */
export function chordsOf(text: string): Chord[] | undefined {
  const chords: Chord[] = []
  for (const character of text.replaceAll('\r\n', '\n')) {
    const alone = plain.get(character)
    const code = alone ?? shifted.get(character)
    if (code === undefined) {
      return undefined
    }
    chords.push(alone === undefined ? ['shift', code] : [code])
  }
  return chords
}

/**
 * The chord of a description such as `Control+Shift+Escape`, `F5`, `Alt+F4`, `a` or `Control++`. Names of keys in any
 * case; a single character is the key that types it, with Shift where it needs that. With other keys a letter is its key
 * alone: `Control+A` is without Shift.
 * @throws OsrunError BAD_OPTION naming the key that is not known
 */
export function chordOf(keys: string): Chord {
  const parts = splitKeys(keys)
  const chord = parts.flatMap((key): Chord => {
    const code = named.get(key.toLowerCase())
    if (code !== undefined) {
      return key.toLowerCase() === 'plus' ? ['shift', code] : [code]
    }
    const alone = plain.get(parts.length > 1 ? key.toLowerCase() : key)
    const withShift = shifted.get(key)
    if (alone !== undefined) {
      return [alone]
    }
    if (withShift !== undefined) {
      return ['shift', withShift]
    }
    throw new OsrunError(
      'BAD_OPTION',
      `Expected keys such as "Enter", "Control+A" or "F5", got ${JSON.stringify(keys)}: there is no key ` +
        `${JSON.stringify(key)}. Keys are single characters and ${[...named.keys()].join(', ')}`,
    )
  })
  return [...new Set(chord)]
}

/** At `+`, but a `+` that stands where a key is expected is the key. */
function splitKeys(keys: string): string[] {
  return keys === '+' ? ['+'] : keys.endsWith('++') ? [...keys.slice(0, -2).split('+'), '+'] : keys.split('+')
}
