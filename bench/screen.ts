import { inflateSync } from 'node:zlib'

/** How many rows of two screens of one size differ. */
export function changedRows(before: readonly Buffer[], after: readonly Buffer[]): number {
  return before.filter((row, index) => !row.equals(after[index] ?? Buffer.alloc(0))).length
}

const signatureLength = 8
/** Bytes of a pixel by PNG's colour type, at 8 bits a channel. */
const pixelLengths: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 }

/** The rows of a screenshot, a PNG as QEMU makes them: not interlaced, 8 bits a channel. */
export function rowsOf(png: Uint8Array): Buffer[] {
  const bytes = Buffer.from(png)
  const data: Buffer[] = []
  let height = 0
  let pixel = 1
  // Chunks: length, type, content, checksum.
  for (let at = signatureLength; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    const content = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at))
    if (type === 'IHDR') {
      height = content.readUInt32BE(4)
      pixel = pixelLengths[content[9] ?? 0] ?? 1
    } else if (type === 'IDAT') {
      data.push(content)
    }
  }
  const packed = inflateSync(Buffer.concat(data))
  const length = packed.length / height
  const rows: Buffer[] = []
  for (let row = 0; row < height; row += 1) {
    const kept = packed.subarray(row * length, (row + 1) * length)
    rows.push(unfilter(kept[0] ?? 0, kept.subarray(1), rows.at(-1) ?? Buffer.alloc(length - 1), pixel))
  }
  return rows
}

/** A row is kept as differences from what the bytes to the left and above let expect, in one of five ways. */
function unfilter(filter: number, kept: Buffer, above: Buffer, pixel: number): Buffer {
  const expect = expectations[filter] ?? none
  const row = Buffer.alloc(kept.length)
  for (let at = 0; at < row.length; at += 1) {
    const before = at - pixel
    const left = before < 0 ? 0 : (row[before] ?? 0)
    const upLeft = before < 0 ? 0 : (above[before] ?? 0)
    row[at] = (kept[at] ?? 0) + expect(left, above[at] ?? 0, upLeft)
  }
  return row
}

const none = () => 0
const expectations: readonly ((left: number, up: number, upLeft: number) => number)[] = [
  none,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, upLeft) => {
    const guess = left + up - upLeft
    const [toLeft, toUp, toUpLeft] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - upLeft)]
    if (toLeft <= toUp && toLeft <= toUpLeft) {
      return left
    }
    return toUp <= toUpLeft ? up : upLeft
  },
]
