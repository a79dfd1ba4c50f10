import { expect, test } from 'vitest'
import { onAxis } from '../../src/machines/mouse.ts'

test.each([[640], [768], [1024], [1920], [3840]])('each pixel of %i is hit however a guest rounds', (size) => {
  for (let pixel = 0; pixel < size; pixel += 1) {
    const value = onAxis(pixel, size)
    expect(value).toBeGreaterThanOrEqual(0)
    expect(value).toBeLessThanOrEqual(32_767)
    // As libinput does it, and as Windows does, whose own axis has 16 bits.
    expect(Math.floor((value * size) / 32_768)).toBe(pixel)
    expect(Math.floor((Math.floor((value * 65_535) / 32_767) * size) / 65_536)).toBe(pixel)
  }
})
