import { crc32, deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { changedRows as changed, rowsOf } from '../../bench/screen.ts'

/** A PNG of one byte a pixel, of rows as it keeps them: how, and the differences. Its data is in two chunks. */
function png(rows: readonly (readonly number[])[]): Uint8Array {
  const chunk = (type: string, content: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), content])
    const numbers = Buffer.alloc(8)
    numbers.writeUInt32BE(content.length)
    numbers.writeUInt32BE(crc32(named), 4)
    return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE((rows[0]?.length ?? 1) - 1)
  header.writeUInt32BE(rows.length, 4)
  header[8] = 8
  const data = deflateSync(Buffer.from(rows.flat()))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...[chunk('IHDR', header), chunk('IDAT', data.subarray(0, 5)), chunk('IDAT', data.subarray(5))],
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const plain = [
  [0, 10, 20, 30],
  [0, 10, 20, 35],
  [0, 10, 20, 40],
  [0, 13, 30, 41],
  [0, 20, 27, 40],
]

function changedRows(before: Uint8Array, after: Uint8Array): number {
  return changed(rowsOf(before), rowsOf(after))
}

test('rows that differ are counted', () => {
  expect(changedRows(png(plain), png(plain))).toBe(0)
  expect(changedRows(png(plain), png(plain.with(1, [0, 1, 2, 3]).with(4, [0, 1, 2, 3])))).toBe(2)
})

test('rows that are kept in another way do not differ', () => {
  // By none, left, above, the mean of both, and the nearest of three.
  const kept = [
    [0, 10, 20, 30],
    [1, 10, 10, 15],
    [2, 0, 0, 5],
    [3, 8, 14, 6],
    [4, 7, 253, 255],
  ]
  expect(changedRows(png(plain), png(kept))).toBe(0)
})

test('a row that only says "as above" differs where the one above does', () => {
  const below = (first: number) => [[0, first, first, first], ...Array.from({ length: 4 }, () => [2, 0, 0, 0])]
  expect(changedRows(png(below(1)), png(below(2)))).toBe(5)
})
