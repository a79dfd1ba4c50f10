import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { Machine } from './machine.ts'

let taken = 0

/** The guest's screen as it is now. */
export function takeScreenshot(machine: Machine): Promise<{ png: Buffer; width: number; height: number }> {
  return dumpScreen(machine, 'png', async (file) => {
    const png = await readFile(file)
    if (png.length < 24 || png.toString('latin1', 12, 16) !== 'IHDR') {
      throw new OsrunError('QMP_FAILED', `QEMU wrote a screenshot of ${png.length} bytes that is no PNG.`)
    }
    return { png, width: png.readUInt32BE(16), height: png.readUInt32BE(20) }
  })
}

/** The pixels of the guest's screen, three bytes each, behind a line with its size: to be compared with others. */
export function screenPixels(machine: Machine): Promise<Buffer> {
  return dumpScreen(machine, 'ppm', (file) => readFile(file))
}

/** The size of the guest's screen as it is now: a guest may change it. */
export function screenSize(machine: Machine): Promise<{ width: number; height: number }> {
  // Uncompressed: only its first line is read.
  return dumpScreen(machine, 'ppm', async (file) => {
    const [, width, height] = /^P6\s+(\d+)\s+(\d+)\s/.exec(await beginning(file, 32)) ?? []
    if (width === undefined || height === undefined) {
      throw new OsrunError('QMP_FAILED', 'QEMU wrote a picture of the screen that is no PPM.')
    }
    return { width: Number(width), height: Number(height) }
  })
}

async function beginning(file: string, bytes: number): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('latin1')
  } finally {
    await handle.close()
  }
}

async function dumpScreen<T>(machine: Machine, format: 'png' | 'ppm', read: (file: string) => Promise<T>): Promise<T> {
  taken += 1
  const filename = join(machine.place.folder, `screen-${taken}.${format}`)
  try {
    await machine.qemu.qmp.execute('screendump', { filename, format }, 30_000)
    return await read(filename)
  } finally {
    await rm(filename, { force: true })
  }
}
