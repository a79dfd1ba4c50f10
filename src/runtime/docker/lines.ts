import type { Readable } from 'node:stream'

/** The lines of a stream of text, without their ends; rejects with the stream's own error. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.map(withoutReturn).filter(notEmpty)
  }
  yield* [rest].map(withoutReturn).filter(notEmpty)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function notEmpty(line: string): boolean {
  return line !== ''
}
