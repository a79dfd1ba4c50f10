import { expect, test } from 'vitest'
import { type KeyEvent, keyEvents } from '../../src/machines/keyboard.ts'

function written(events: readonly KeyEvent[]): string {
  return events.map(({ key, down }) => `${down ? '+' : '-'}${key}`).join(' ')
}

test.each([
  ['a key', ['a'], ['+a -a']],
  ['a chord', ['ctrl', 'shift', 'a'], ['+ctrl +shift +a -a -shift -ctrl']],
  [
    'a chord of more keys than fit at once',
    ['ctrl', 'alt', 'shift', 'f1'],
    ['+ctrl +alt +shift +f1', '-f1 -shift -alt -ctrl'],
  ],
])('%s goes down in order and up in the reverse', (_, chord, expected) => {
  expect(keyEvents(chord).map(written)).toEqual(expected)
})

test('what is handed over at once fits the queue of 16 codes, also where each key has two', () => {
  for (let keys = 1; keys <= 6; keys += 1) {
    const pieces = keyEvents(Array.from({ length: keys }, () => 'ctrl_r'))
    expect(Math.max(...pieces.map((piece) => piece.length * 2))).toBeLessThanOrEqual(16)
  }
})
