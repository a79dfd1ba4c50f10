import { beforeAll, expect, test } from 'vitest-environment-osrun/test'

const uninstall = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Notes'

beforeAll(async () => {
  await win.upload('setup', 'C:\\setup')
})

// #region install
test('installs into the folder that was asked for, and registers itself', async ({ win }) => {
  expect(await win.run('C:\\setup\\install.cmd "C:\\My Programs\\Notes"', { reject: false })).toExitWith(0)

  await expect(win).toHaveFile('C:\\My Programs\\Notes\\notes.cmd')
  await expect(win).toHaveRegistryValue(uninstall, 'DisplayName', 'Notes')
  await expect(win).toHaveRegistryValue(uninstall, 'DisplayVersion', expect.stringMatching(/^1\./))
  await expect(win).toHaveRegistryValue(uninstall, 'EstimatedSize', 4)
  await expect(win).toHaveRegistryValue(
    'HKCU\\Software\\Classes\\Notes.File\\shell\\open\\command',
    '',
    '"C:\\My Programs\\Notes\\notes.cmd" "%1"',
  )
})

test('is run by its registry entry, and leaves nothing', async ({ win }) => {
  const { stdout } = await win.run(['reg', 'query', uninstall, '/v', 'UninstallString'])
  const [, command] = /REG_SZ\s+(.*)/.exec(stdout) ?? []
  await win.run(String(command))

  await expect(win).not.toHaveRegistryValue(uninstall, 'DisplayName')
  await expect(win).not.toHaveRegistryValue('HKCU\\Software\\Classes\\.note', '')
  await expect(win).not.toHaveFile('C:\\My Programs\\Notes\\notes.cmd')
  expect(await win.exists('C:\\My Programs\\Notes')).toBe(false)
})
// #endregion
