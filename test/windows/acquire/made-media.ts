import { createHash } from 'node:crypto'

/** A file that has a WIM's head and nothing that could be unpacked; `salt` makes another one. */
export function wimOf({ images = 1, solid = false, size = 4096, part = 1, parts = 1, salt = '' } = {}): Buffer {
  const file = Buffer.alloc(Math.max(size, 208))
  for (let at = 208, block = 0; at < file.length; at += 32, block += 1) {
    createHash('sha256').update(`${salt} ${block}`).digest().copy(file, at)
  }
  file.write('MSWIM\0\0\0', 0, 'latin1')
  file.writeUInt32LE(208, 8)
  file.writeUInt32LE(solid ? 0xe00 : 0x10d00, 12)
  file.writeUInt16LE(part, 40)
  file.writeUInt16LE(parts, 42)
  file.writeUInt32LE(images, 44)
  // The table of resources: a size of 16 bytes, at the end.
  file.writeUInt8(16, 48)
  file.writeBigUInt64LE(BigInt(file.length - 16), 56)
  return file
}

/** The descriptors of a volume of ISO 9660, or of UDF alone. */
export function isoOf({ sectors = 40, udf = false, salt = '' } = {}): Buffer {
  const file = Buffer.alloc(sectors * 2048, createHash('sha256').update(salt).digest())
  file.fill(0, 16 * 2048, 19 * 2048)
  const describe = (sector: number, type: number, id: string) => {
    file.writeUInt8(type, sector * 2048)
    file.write(id, sector * 2048 + 1, 'latin1')
  }
  if (udf) {
    describe(16, 0, 'BEA01')
    describe(17, 0, 'NSR02')
    describe(18, 0, 'TEA01')
  } else {
    describe(16, 1, 'CD001')
    file.writeUInt32LE(sectors, 16 * 2048 + 80)
    describe(17, 255, 'CD001')
  }
  return file
}

export const sha1 = (content: Buffer) => createHash('sha1').update(content).digest('hex')
export const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')

/** A cabinet with its files stored as they are. */
export function cabinetOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const contents = Object.values(files)
  const all = Buffer.concat(contents)
  const blocks = Array.from({ length: Math.ceil(all.length / 32768) }, (_, index) =>
    all.subarray(index * 32768, (index + 1) * 32768),
  )
  let offset = 0
  const entries = Object.entries(files).map(([name, content]) => {
    const entry = Buffer.alloc(16 + name.length + 1)
    entry.writeUInt32LE(content.length, 0)
    entry.writeUInt32LE(offset, 4)
    entry.writeUInt16LE(0x5a21, 10) // 2025-01-01
    entry.writeUInt16LE(0x20, 14)
    entry.write(name, 16, 'latin1')
    offset += content.length
    return entry
  })
  const data = blocks.map((block) => {
    const head = Buffer.alloc(8)
    head.writeUInt16LE(block.length, 4)
    head.writeUInt16LE(block.length, 6)
    return Buffer.concat([head, block])
  })
  const firstEntry = 36 + 8
  const firstBlock = firstEntry + entries.reduce((sum, { length }) => sum + length, 0)
  const folder = Buffer.alloc(8)
  folder.writeUInt32LE(firstBlock, 0)
  folder.writeUInt16LE(blocks.length, 4)
  const head = Buffer.alloc(36)
  head.write('MSCF', 0, 'latin1')
  head.writeUInt32LE(firstBlock + data.reduce((sum, { length }) => sum + length, 0), 8)
  head.writeUInt32LE(firstEntry, 16)
  head.writeUInt8(3, 24)
  head.writeUInt8(1, 25)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(entries.length, 28)
  return Buffer.concat([head, folder, ...entries, ...data])
}

/** An element `File` of Microsoft's catalogue, with all that it has there. */
export function catalogueFile(fields: Readonly<Record<string, string | number>>): string {
  const all = { Language: 'English', Key: '', Architecture_Loc: '%ARCH_64%', IsRetailOnly: 'False', ...fields }
  return `<File id="">${Object.entries(all)
    .map(([name, value]) => `<${name}>${String(value).replaceAll('&', '&amp;')}</${name}>`)
    .join('\n')}</File>`
}

/** The list that is in `products.cab`. */
export function productsXml(files: readonly string[]): Buffer {
  return Buffer.from(
    `\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<MCT><Catalogs><Catalog version="2.0"><PublishedMedia id="" release="">` +
      `<Languages><Language><LanguageCode>en-us</LanguageCode><CLIENT>Windows 11</CLIENT></Language></Languages>` +
      `<Files>\n${files.join('\n')}\n</Files></PublishedMedia></Catalog></Catalogs></MCT>\n`,
  )
}
