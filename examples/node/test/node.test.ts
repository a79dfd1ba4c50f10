import { expect, test } from 'vitest-environment-osrun/test'

test('the Node of the machine is one for Windows', async ({ win }) => {
  const { stdout } = await win.run(['node', '--print', 'process.platform + " " + process.version'])
  expect(stdout).toBe('win32 v24.21.0')
})
