import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { Machine } from './machine.ts'

let taken = 0

/** The guest's screen as it is now. */
export async function takeScreenshot(machine: Machine): Promise<{ png: Buffer; width: number; height: number }> {
  taken += 1
  const filename = join(machine.place.folder, `screen-${taken}.png`)
  try {
    await machine.qemu.qmp.execute('screendump', { filename, format: 'png' }, 30_000)
    const png = await readFile(filename)
    if (png.length < 24 || png.toString('latin1', 12, 16) !== 'IHDR') {
      throw new OsrunError('QMP_FAILED', `QEMU wrote a screenshot of ${png.length} bytes that is no PNG.`)
    }
    return { png, width: png.readUInt32BE(16), height: png.readUInt32BE(20) }
  } finally {
    await rm(filename, { force: true })
  }
}
