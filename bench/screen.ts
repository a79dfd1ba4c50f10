import { inflateSync } from 'node:zlib'

/**
 * How many rows of the screen differ between two screenshots of one size. A row below one that differs may count, too:
 * PNG keeps a row as its difference from the one above.
 */
export function changedRows(before: Uint8Array, after: Uint8Array): number {
  const one = rowsOf(before)
  const other = rowsOf(after)
  return one.filter((row, index) => !row.equals(other[index] ?? Buffer.alloc(0))).length
}

const signatureLength = 8

/** The rows of a PNG that is not interlaced, unpacked but as it keeps them. */
function rowsOf(png: Uint8Array): Buffer[] {
  const bytes = Buffer.from(png)
  const data: Buffer[] = []
  let height = 0
  // Chunks: length, type, content, checksum.
  for (let at = signatureLength; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    const content = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at))
    if (type === 'IHDR') {
      height = content.readUInt32BE(4)
    } else if (type === 'IDAT') {
      data.push(content)
    }
  }
  const pixels = inflateSync(Buffer.concat(data))
  const length = pixels.length / height
  return Array.from({ length: height }, (_, row) => pixels.subarray(row * length, (row + 1) * length))
}
