import { Buffer } from 'node:buffer'

/**
 * Files as a tar archive (ustar): all readable, none executable, owned by root, of no date, so that equal files give
 * equal bytes.
 * @throws RangeError for a path that the format cannot hold (100 bytes below a folder of at most 155)
 */
export function packTar(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const pieces: Uint8Array[] = []
  for (const [path, content] of files) {
    pieces.push(header(path, content.length), content, Buffer.alloc(-content.length & (block - 1)))
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * block)])
}

const block = 512

function header(path: string, size: number): Buffer {
  const { prefix, name } = splitPath(path)
  const bytes = Buffer.alloc(block)
  bytes.write(name, 0)
  bytes.write('0000644\0', 100)
  bytes.write('0000000\0', 108)
  bytes.write('0000000\0', 116)
  bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  bytes.write('00000000000\0', 136)
  bytes.write('        ', 148)
  bytes.write('0', 156)
  bytes.write('ustar\x0000', 257)
  bytes.write(prefix, 345)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

// A path of more than 100 bytes goes into two fields, cut at a slash.
function splitPath(path: string): { prefix: string; name: string } {
  const cuts = [-1, ...[...path.matchAll(/\//g)].map(({ index }) => index)]
  for (const cut of cuts) {
    const prefix = path.slice(0, Math.max(cut, 0))
    const name = path.slice(cut + 1)
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155 && name !== '') {
      return { prefix, name }
    }
  }
  throw new RangeError(`the path ${path} is too long for a tar archive`)
}
