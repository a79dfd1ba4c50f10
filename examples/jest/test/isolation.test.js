/* global expect, test, win */
test('what another test file wrote to its machine is not here', async () => {
  await expect(win).not.toHaveRegistryValue('HKCU\\Software\\Example', 'Version')
})
