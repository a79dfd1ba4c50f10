import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { compare, decode } from '../../../environment/expect/picture.ts'
import { settle } from '../../../environment/expect/settle.ts'

/** A picture of 8 by 4 pixels; these bytes are of the grey of each. */
function png(...greys: number[]): Uint8Array {
  const picture = new PNG({ width: 8, height: 4 })
  for (let pixel = 0; pixel < 32; pixel += 1) {
    const grey = greys[pixel] ?? 0
    picture.data.set([grey, grey, grey, 255], pixel * 4)
  }
  return PNG.sync.write(picture)
}

const options = { threshold: 0.1, masks: [], allowedMismatchedPixels: 0, timeout: 200, interval: 1 }
const black = png()
const white = png(255)

/** A screen that shows these pictures one after the other, and stays at the last. */
function screen(...pictures: Uint8Array[]) {
  let looks = 0
  return {
    changes: true,
    get looks() {
      return looks
    },
    async look() {
      const picture = pictures[Math.min(looks, pictures.length - 1)]
      looks += 1
      return picture as Uint8Array
    },
  }
}

describe('a comparison', () => {
  test('counts the pixels that differ, and shows them', () => {
    const { pixels, diff } = compare(decode(black), decode(png(255, 0, 255)), 0.1, [])
    expect(pixels).toBe(2)
    expect(decode(diff as Uint8Array)).toMatchObject({ width: 8, height: 4 })
    expect(compare(decode(black), decode(black), 0.1, [])).toEqual({ pixels: 0, diff: undefined })
  })

  test('lets colours count as one by the threshold', () => {
    expect(compare(decode(black), decode(png(40)), 0.5, []).pixels).toBe(0)
    expect(compare(decode(black), decode(png(40)), 0.01, []).pixels).toBe(1)
  })

  test('does not look below masks, which may leave the picture', () => {
    const masks = [{ x: 0, y: 0, width: 1, height: 1 }]
    expect(compare(decode(black), decode(white), 0.1, masks).pixels).toBe(0)
    expect(compare(decode(black), decode(png(0, 255)), 0.1, masks).pixels).toBe(1)
    expect(compare(decode(black), decode(white), 0.1, [{ x: 0, y: 0, width: 100, height: 100 }]).pixels).toBe(0)
  })

  test('of other sizes has no picture of the difference', () => {
    const small = PNG.sync.write(new PNG({ width: 2, height: 2 }))
    expect(compare(decode(black), decode(small), 0.1, [])).toEqual({ pixels: 32, diff: undefined })
  })
})

describe('a screen', () => {
  test('that is as expected is not looked at twice', async () => {
    const shown = screen(black)
    expect(await settle(shown, black, options)).toMatchObject({ kind: 'same', pixels: 0 })
    expect(shown.looks).toBe(1)
  })

  test('that becomes as expected is waited for', async () => {
    expect(await settle(screen(white, white, white, black), black, options)).toMatchObject({ kind: 'same' })
  })

  test('that stays otherwise is what it is, with the difference', async () => {
    const ended = await settle(screen(png(255, 255), white), black, options)
    expect(ended).toMatchObject({ kind: 'other', pixels: 1, png: white, diff: expect.any(Uint8Array) })
  })

  test('of which nothing is expected counts when it is at rest', async () => {
    const shown = screen(black, white, png(0, 255), png(0, 255), black)
    expect(await settle(shown, undefined, options)).toMatchObject({ kind: 'other', png: png(0, 255) })
    expect(shown.looks).toBe(4)
  })

  test('that never rests is told, unless what moves is masked', async () => {
    let looks = 0
    async function look() {
      looks += 1
      return looks % 2 === 0 ? black : white
    }
    const clock = { changes: true, look }
    const other = png(0, 0, 0, 255)
    expect(await settle(clock, other, options)).toMatchObject({ kind: 'restless', after: expect.any(Number) })
    const masks = [{ x: 0, y: 0, width: 1, height: 1 }]
    expect(await settle(clock, other, { ...options, masks })).toMatchObject({ kind: 'other', pixels: 1 })
  })

  test('that is only a picture is looked at once', async () => {
    const shown = { ...screen(white), changes: false }
    expect(await settle(shown, black, options)).toMatchObject({ kind: 'other', pixels: 1 })
    expect(await settle(shown, black, { ...options, allowedMismatchedPixels: 1 })).toMatchObject({ kind: 'same' })
  })
})
