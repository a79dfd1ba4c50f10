import { expect, test, vi } from 'vitest'
import { PathMap } from '../../src/inside/path-map.ts'
import { SuiteOutput } from '../../src/inside/suite-output.ts'

function listen() {
  let text = ''
  const stream = {
    write(piece: string | Uint8Array) {
      text += piece
      return true
    },
  }
  const output = new SuiteOutput(new PathMap('C:\\inside\\lib', '/home/me/lib'), { stdout: stream, stderr: stream })
  return { output, text: () => text }
}

test('output is written at once, with the names of this computer', () => {
  const { output, text } = listen()
  output.write('stdout', Buffer.from('at C:\\inside\\lib\\a.js:1\n'))
  expect(text()).toBe('at /home/me/lib/a.js:1\n')
})

test('a character that is cut stays whole', () => {
  const { output, text } = listen()
  const bytes = Buffer.from('✓\n')
  output.write('stdout', bytes.subarray(0, 1))
  output.write('stdout', bytes.subarray(1))
  expect(text()).toBe('✓\n')
})

test('what may be the beginning of a path is held back, and not for long', async () => {
  const { output, text } = listen()
  output.write('stdout', Buffer.from('drive C:'))
  expect(text()).toBe('drive ')
  await vi.waitFor(() => expect(text()).toBe('drive C:'))
})

test('the end says what was held back', () => {
  const { output, text } = listen()
  output.write('stderr', Buffer.from('C:\\inside\\lib\\a'))
  output.end()
  expect(text()).toBe('/home/me/lib/a')
})
