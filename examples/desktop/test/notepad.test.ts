import { expect, test } from 'vitest-environment-osrun/test'

// #region notepad
test('text that is typed is on the screen, and in the file', async ({ win }) => {
  await win.writeFile('C:\\letter.txt', '')
  await win.run('start /max notepad C:\\letter.txt')
  await expect(win).toMatchScreen('empty', { timeout: 60_000 })

  await win.keyboard.type('Dear Anna,\n\nit works!\n')
  await expect(win).toMatchScreen('typed', { timeout: 60_000 })

  await win.keyboard.press('Control+S')
  await win.keyboard.press('Alt+F4')
  await expect(win).not.toHaveProcess('notepad.exe', { timeout: 60_000 })
  await expect(win).toHaveFile('C:\\letter.txt', { content: 'Dear Anna,\r\n\r\nit works!\r\n' })
})
// #endregion
