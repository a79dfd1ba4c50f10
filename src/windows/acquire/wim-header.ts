/** What the head of a WIM or ESD file says of it. */
export interface WimHeader {
  /** Its resources are packed together (`esd`): smaller, and only read from their beginning. */
  readonly solid: boolean
  readonly images: number
  /** From 1; more than one in all where the file is split (`.swm`). */
  readonly part: number
  readonly parts: number
  /** The file has at least so many bytes. */
  readonly least: number
}

export const wimHeaderSize = 208
const magic = Buffer.from('MSWIM\0\0\0')
const solidVersion = 0xe00
/** A resource header's first seven bytes are its size, the eighth its flags. */
const tables = [48, 72, 96, 124]

/** Reads the first bytes of a file; undefined where they are no WIM's. */
export function parseWimHeader(head: Uint8Array): WimHeader | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.length < wimHeaderSize || !bytes.subarray(0, magic.length).equals(magic)) {
    return undefined
  }
  const ends = tables.map((at) => readNumber(bytes, at, 7) + readNumber(bytes, at + 8, 8))
  return {
    solid: bytes.readUInt32LE(12) === solidVersion,
    images: bytes.readUInt32LE(44),
    part: bytes.readUInt16LE(40),
    parts: bytes.readUInt16LE(42),
    least: Math.max(bytes.readUInt32LE(8), ...ends),
  }
}

function readNumber(bytes: Buffer, at: number, length: number): number {
  return Number(
    `0x${Buffer.from(bytes.subarray(at, at + length))
      .reverse()
      .toString('hex')}`,
  )
}
