import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'vitest'

/** The prompt of Wine's cmd. Ctrl-C ends a line, too: on a thread of its own of cmd, now and then behind the prompt. */
export const cmdPrompt = /C:\\users\\[\w. ]+>\s*$/i

/** Hears what a program says: gives what it has said up to what is waited for, and goes on from there. */
export function hear(stream: Readable | null) {
  let said = ''
  stream?.on('data', (piece) => {
    said += String(piece)
  })
  return async (pattern: RegExp, timeout = 60_000): Promise<string> => {
    // A terminal's output has the cursor's moves between the characters.
    const plain = () => stripVTControlCharacters(said)
    await expect.poll(plain, { timeout }).toMatch(pattern)
    const found = plain()
    const { index = 0, 0: match = '' } = pattern.exec(found) ?? {}
    said = found.slice(index + match.length)
    return found.slice(0, index + match.length)
  }
}
