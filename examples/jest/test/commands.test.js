/* global expect, test, win */
// #region first
test('lists the drive', async () => {
  const { stdout } = await win.run('dir C:\\')
  expect(stdout).toContain('Directory of C:')
})
// #endregion

test('has a file where the program put it', async () => {
  await win.run('echo port=80> C:\\app.ini')
  await expect(win).toHaveFile('C:\\app.ini', { content: /^port=80$/m })
})

test('keeps a registry value', async () => {
  await win.run('reg add HKCU\\Software\\Example /v Version /d 1.2.3 /f')
  await expect(win).toHaveRegistryValue('HKCU\\Software\\Example', 'Version', '1.2.3')
})

test('tells an exit code', async () => {
  expect(await win.run('exit 7', { reject: false })).toExitWith(7)
})
