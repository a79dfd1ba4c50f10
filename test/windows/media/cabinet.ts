/** A cabinet of these files, stored as they are, without checksums. A file has 32 KiB at most. */
export function cabinet(files: Readonly<Record<string, string>>): Buffer {
  const data = Object.values(files).join('')
  if (data.length > 0x8000) {
    throw new Error('a cabinet of more than one block is not made here')
  }
  let at = 0
  const entries = Object.entries(files).map(([name, content]) => {
    const head = Buffer.alloc(16)
    head.writeUInt32LE(content.length, 0)
    head.writeUInt32LE(at, 4)
    head.writeUInt16LE(0x20, 14)
    at += content.length
    return Buffer.concat([head, Buffer.from(`${name.replaceAll('/', '\\')}\0`, 'latin1')])
  })
  const list = Buffer.concat(entries)
  const block = Buffer.alloc(8)
  block.writeUInt16LE(data.length, 4)
  block.writeUInt16LE(data.length, 6)
  const folder = Buffer.alloc(8)
  folder.writeUInt32LE(44 + list.length, 0)
  folder.writeUInt16LE(1, 4)
  const head = Buffer.alloc(36)
  head.write('MSCF')
  head.writeUInt32LE(44 + list.length + 8 + data.length, 8)
  head.writeUInt32LE(44, 16)
  head.writeUInt16LE(0x0103, 24)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(Object.keys(files).length, 28)
  return Buffer.concat([head, folder, list, block, Buffer.from(data, 'latin1')])
}
