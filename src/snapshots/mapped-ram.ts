import { open } from 'node:fs/promises'
import { OsrunError } from '../protocol/errors.ts'

// QEMU's stream begins with the names and sizes of all RAM blocks, each followed by this header (big endian):
// version u32, page size u64, offset of the bitmap u64, offset of the pages u64 (docs/devel/migration/mapped-ram.rst).
const headerLength = 28
const headerVersion = 1
const pageSize = 4096
/** QEMU puts the pages of a block at a multiple of this. */
const alignment = 2 ** 20
const searched = 64 * 1024

/**
 * Where the pages of a RAM block lie in a file that QEMU wrote with the capability `mapped-ram`: each at its own place,
 * so that the file can be mapped as the memory of a machine.
 * @param block the block's name: the id of its memory backend
 * @param size bytes of the block
 * @throws OsrunError SNAPSHOT_FAILED where the file has another layout
 */
export async function findPages(path: string, block: string, size: number): Promise<number> {
  const file = await open(path, 'r')
  try {
    const bytes = Buffer.alloc(searched)
    const { bytesRead } = await file.read(bytes, 0, searched, 0)
    const offset = readPagesOffset(bytes.subarray(0, bytesRead), block, size)
    if (offset === undefined || offset + size > (await file.stat()).size) {
      throw new OsrunError(
        'SNAPSHOT_FAILED',
        `QEMU's file ${path} does not have the layout of mapped-ram: no ${size} bytes of "${block}" are found in it. ` +
          'Please report it with the version of QEMU.',
      )
    }
    return offset
  } finally {
    await file.close()
  }
}

/** The offset of the block's pages, or undefined where the bytes do not say it. */
export function readPagesOffset(bytes: Buffer, block: string, size: number): number | undefined {
  const name = Buffer.concat([Buffer.of(block.length), Buffer.from(block)])
  const at = bytes.indexOf(name)
  const header = at + name.length + 8
  if (at < 0 || header + headerLength > bytes.length || bytes.readBigUInt64BE(header - 8) !== BigInt(size)) {
    return undefined
  }
  const offset = Number(bytes.readBigUInt64BE(header + 20))
  const known = bytes.readUInt32BE(header) === headerVersion && bytes.readBigUInt64BE(header + 4) === BigInt(pageSize)
  return known && offset > 0 && offset % alignment === 0 ? offset : undefined
}
