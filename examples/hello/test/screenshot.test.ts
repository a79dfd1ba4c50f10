import { expect, test } from 'vitest-environment-osrun/test'

test('Notepad appears on the screen', async ({ win }) => {
  const before = await win.screenshot()
  expect(before).toMatchObject({ width: 1024, height: 768 })

  await win.run('start notepad')
  const screen = async () => (await win.screenshot({ path: '.osrun/notepad.png' })).png
  await expect.poll(screen, { timeout: 30_000 }).not.toEqual(before.png)
})
