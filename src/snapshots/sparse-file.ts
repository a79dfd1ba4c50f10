import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const page = 4096
const zeros = Buffer.alloc(2 ** 20)

/**
 * Writes a new file of what `bytes` gives, with holes for pages of zeros.
 * @returns the SHA-256 of all bytes, hexadecimal
 * @throws Error also where the file is there already
 */
export async function writeSparse(path: string, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const file = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let at = 0
  try {
    for await (const chunk of bytes) {
      hash.update(chunk)
      for (const [start, end] of dataIn(chunk, at)) {
        await file.writev([chunk.subarray(start, end)], at + start)
      }
      at += chunk.length
    }
    await file.truncate(at)
    return hash.digest('hex')
  } finally {
    await file.close()
  }
}

/** The ranges of `chunk` that hold more than zeros, in whole pages of a file in which the chunk lies at `position`. */
export function dataIn(chunk: Uint8Array, position: number): [start: number, end: number][] {
  const ranges: [number, number][] = []
  let end = 0
  for (let start = 0; start < chunk.length; start = end) {
    end = Math.min(chunk.length, start + page - ((position + start) % page))
    const last = ranges.at(-1)
    if (!isZero(chunk, start, end)) {
      if (last?.[1] === start) {
        last[1] = end
      } else {
        ranges.push([start, end])
      }
    }
  }
  return ranges
}

function isZero(chunk: Uint8Array, start: number, end: number): boolean {
  return zeros.compare(chunk, start, end, 0, end - start) === 0
}
