const headerSize = 208
const magic = 'MSWIM\0\0\0'
/** The XML of a medium has some kilobytes for each image. */
const longestXml = 16 * 2 ** 20

/**
 * The XML of a WIM that comes as a stream, as out of an ISO, where it cannot be read at a place: near its end, so
 * nearly all of it passes by. @returns undefined where the stream is no WIM, or ends before
 */
export async function readWimXml(stream: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  let head = Buffer.alloc(0)
  let place: { from: number; to: number } | undefined
  const found: Buffer[] = []
  let at = 0
  for await (const piece of stream) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (place === undefined) {
      head = Buffer.concat([head, chunk])
      if (head.length >= headerSize) {
        place = placeOfXml(head)
        if (place === undefined) {
          return undefined
        }
        found.push(head.subarray(Math.min(place.from, head.length), place.to))
      }
    } else {
      found.push(chunk.subarray(Math.max(0, Math.min(place.from - at, chunk.length)), Math.max(0, place.to - at)))
    }
    at += chunk.length
    if (place !== undefined && at >= place.to) {
      return Buffer.concat(found)
    }
  }
  return undefined
}

/** Its header has it as a resource: seven bytes of size, one of flags, eight of offset. */
function placeOfXml(head: Buffer): { from: number; to: number } | undefined {
  const size = head.readUIntLE(72, 6)
  const from = Number(head.readBigUInt64LE(80))
  const plausible = head.toString('latin1', 0, 8) === magic && size > 0 && size <= longestXml && from >= headerSize
  return plausible ? { from, to: from + size } : undefined
}
