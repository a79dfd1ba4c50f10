import { expect, test } from 'vitest'
import { LastWords } from '../../src/machines/last-words.ts'

test('only the end of what was said is kept', () => {
  const words = new LastWords(10)
  words.add('a long beginning ')
  words.add(Buffer.from('the end'))
  expect(words.toString()).toBe('ng the end')
})

test("a guest's terminal escapes do not reach a person's terminal", () => {
  const words = new LastWords()
  words.add('\u001b[31mred\u001b[0m\u0007\r\nnext')
  expect(words.toString()).toBe('red\nnext')
})
