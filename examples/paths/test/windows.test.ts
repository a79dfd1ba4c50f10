import { expect, test } from 'vitest-environment-osrun/test'

// #region unit-tests
test('the unit tests pass on Windows, too', async ({ win }) => {
  await win.upload('src', 'C:\\src')
  const { stdout } = await win.run(['node', '--test-reporter=tap', '--test', '--test-isolation=none', 'tree.unit.js'], {
    cwd: 'C:\\src',
  })
  expect(stdout).toContain('# pass 4')
  expect(stdout).toContain('# skipped 0')
})
// #endregion

// #region line-ends
test('a file of Windows keeps its line ends, byte for byte', async ({ win }) => {
  await win.writeFile('C:\\notes\\a.txt', 'one\r\ntwo\r\n')
  await win.writeFile(
    'C:\\src\\edit.mjs',
    "import { editLines } from './tree.js'\neditLines('C:/notes/a.txt', (line) => line.toUpperCase())",
  )
  await win.run(['node', 'C:\\src\\edit.mjs'])
  await expect(win).toHaveFile('c:/NOTES/A.TXT', { content: 'ONE\r\nTWO\r\n' })
})
// #endregion
