import { open } from 'node:fs/promises'

/** What a disk layer says of the files it needs. */
export interface Qcow2Header {
  /** Name of the backing file, as written. */
  readonly backing?: string
  readonly backingFormat?: string
  /** Its data lies in another file. */
  readonly externalData: boolean
}

// docs/interop/qcow2.rst of QEMU; numbers are big endian.
const magic = 0x514649fb
const extension = { end: 0, backingFormat: 0xe2792aca } as const
const externalDataBit = 4n
const longest = 64 * 1024

/** The header of a qcow2 file, or undefined where it is none. Read by us: qemu-img would open what it names. */
export async function readQcow2Header(path: string): Promise<Qcow2Header | undefined> {
  const file = await open(path, 'r')
  try {
    const bytes = Buffer.alloc(longest)
    const { bytesRead } = await file.read(bytes, 0, longest, 0)
    return parseQcow2Header(bytes.subarray(0, bytesRead))
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined
    }
    throw error
  } finally {
    await file.close()
  }
}

/** @throws RangeError for a header that ends too early */
export function parseQcow2Header(bytes: Buffer): Qcow2Header | undefined {
  if (bytes.length < 104 || bytes.readUInt32BE(0) !== magic || bytes.readUInt32BE(4) !== 3) {
    return undefined
  }
  const at = Number(bytes.readBigUInt64BE(8))
  const length = bytes.readUInt32BE(16)
  const backingFormat = readExtension(bytes, extension.backingFormat)
  return {
    ...(at === 0 ? {} : { backing: text(bytes, at, length) }),
    ...(backingFormat === undefined ? {} : { backingFormat }),
    externalData: (bytes.readBigUInt64BE(72) & externalDataBit) !== 0n,
  }
}

function readExtension(bytes: Buffer, wanted: number): string | undefined {
  for (let at = bytes.readUInt32BE(100); ; ) {
    const type = bytes.readUInt32BE(at)
    const length = bytes.readUInt32BE(at + 4)
    if (type === extension.end) {
      return undefined
    }
    if (type === wanted) {
      return text(bytes, at + 8, length)
    }
    at += 8 + Math.ceil(length / 8) * 8
  }
}

function text(bytes: Buffer, at: number, length: number): string {
  if (at + length > bytes.length) {
    throw new RangeError('The header names what lies beyond it.')
  }
  return bytes.toString('utf8', at, at + length)
}
