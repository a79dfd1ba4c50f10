import { expect, test } from 'vitest'
import { Decoder, encode } from '../../src/inside/guest/wire.ts'

const sent = [
  { header: { type: 'write', path: 'ä' }, body: Buffer.from('body') },
  { header: { type: 'sync' }, body: Buffer.alloc(0) },
  { header: { type: 'out' }, body: Buffer.alloc(100_000, 7) },
]
const bytes = Buffer.concat(sent.map(({ header, body }) => encode(header, body)))

test.each([1, 7, 8, 9, 1000, bytes.length])(
  'messages are whole again when they come in pieces of %i bytes',
  (length) => {
    const decoder = new Decoder()
    const got = []
    for (let at = 0; at < bytes.length; at += length) {
      got.push(...decoder.push(bytes.subarray(at, at + length)))
    }
    expect(got.map(({ header, body }) => [header, body.equals(sent[0]?.body ?? body) || body.length])).toEqual([
      [{ type: 'write', path: 'ä' }, true],
      [{ type: 'sync' }, 0],
      [{ type: 'out' }, 100_000],
    ])
  },
)

test.each([
  ['a length that no message has', Buffer.alloc(8, 0xff)],
  ['a header that is no object', Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('[]')])],
  ['a header that is no JSON', Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{{')])],
])('%s is refused', (_what, garbage) => {
  expect(() => new Decoder().push(garbage)).toThrow()
})
