import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'

/** A part of the screen, in pixels from its upper left corner. */
export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** How far two pictures are from each other. */
export interface Comparison {
  /** Pixels that differ; all of them where the sizes do. */
  readonly pixels: number
  /** Which they are; undefined where none are, or the sizes differ. */
  readonly diff: Uint8Array | undefined
}

/** Pixels, row by row, four bytes each. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Buffer
}

/** @throws Error where the bytes are no PNG */
export function decode(png: Uint8Array): Picture {
  return PNG.sync.read(Buffer.from(png))
}

/**
 * Compares what is not below a mask.
 * @param threshold 0 to 1: how unlike two colours may be and still count as one
 */
export function compare(a: Picture, b: Picture, threshold: number, masks: readonly Area[]): Comparison {
  const { width, height } = a
  if (width !== b.width || height !== b.height) {
    return { pixels: Math.max(width * height, b.width * b.height), diff: undefined }
  }
  const diff = new PNG({ width, height })
  const pixels = pixelmatch(cover(a, masks), cover(b, masks), diff.data, width, height, { threshold })
  return { pixels, diff: pixels === 0 ? undefined : PNG.sync.write(diff) }
}

/** The pixels, in one colour below the masks. */
function cover({ width, height, data }: Picture, masks: readonly Area[]): Buffer {
  if (masks.length === 0) {
    return data
  }
  const covered = Buffer.from(data)
  for (const mask of masks) {
    const left = Math.min(mask.x, width)
    const right = Math.min(mask.x + mask.width, width)
    for (let y = mask.y; y < Math.min(mask.y + mask.height, height); y += 1) {
      covered.fill(0xff, (y * width + left) * 4, (y * width + right) * 4)
    }
  }
  return covered
}
