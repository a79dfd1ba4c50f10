import { expect, test } from 'vitest-environment-osrun/test'

test('the desktop can be seen', async ({ win }) => {
  const { png, width, height } = await win.screenshot({ path: '.osrun/desktop.png' })
  expect({ width, height }).toEqual({ width: 1024, height: 768 })
  expect(Buffer.from(png).subarray(1, 4).toString()).toBe('PNG')
})
