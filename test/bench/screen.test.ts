import { crc32, deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { changedRows } from '../../bench/screen.ts'

/** A PNG of one byte a pixel, its rows kept as they are, its data in two chunks. */
function png(rows: readonly string[]): Uint8Array {
  const chunk = (type: string, content: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), content])
    const numbers = Buffer.alloc(8)
    numbers.writeUInt32BE(content.length)
    numbers.writeUInt32BE(crc32(named), 4)
    return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(rows[0]?.length ?? 0)
  header.writeUInt32BE(rows.length, 4)
  header[8] = 8
  const data = deflateSync(Buffer.from(rows.map((row) => `\0${row}`).join('')))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...[chunk('IHDR', header), chunk('IDAT', data.subarray(0, 5)), chunk('IDAT', data.subarray(5))],
    chunk('IEND', Buffer.alloc(0)),
  ])
}

test('rows that differ are counted', () => {
  const before = png(['aaa', 'bbb', 'ccc', 'ddd'])
  expect(changedRows(before, before)).toBe(0)
  expect(changedRows(before, png(['aaa', 'bxb', 'ccc', 'xxx']))).toBe(2)
})
