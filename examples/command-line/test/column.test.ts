import { beforeAll, expect, test } from 'vitest-environment-osrun/test'

const column = ['node', 'C:\\column\\column.js']
const people = 'first name,town\r\nAnna,Bern\r\nJosé,São Paulo\r\n'

beforeAll(async () => {
  await win.upload('bin', 'C:\\column')
  await win.writeFile('C:\\My Files\\people.csv', people)
})

// #region arguments
test('a file and a column whose names have spaces', async ({ win }) => {
  const { stdout } = await win.run([...column, 'first name', 'C:\\My Files\\people.csv'])
  expect(stdout).toBe('Anna\nJosé')
})

test('what is piped into it', async ({ win }) => {
  const { stdout } = await win.run([...column, '-s', ';', 'b'], { input: 'a;b\n1;2\n3;4\n' })
  expect(stdout).toBe('2\n4')
})
// #endregion

// #region exit-codes
test('exits with 2 where there is no such column, and says which there are', async ({ win }) => {
  const result = await win.run([...column, 'country', 'C:\\My Files\\people.csv'], { reject: false })
  expect(result).toExitWith(2)
  expect(result.stderr).toBe('column: no column country; there is: first name, town')
})

test('exits with 1 where there is no such file', async ({ win }) => {
  const result = await win.run([...column, 'town', 'missing.csv'], { cwd: 'C:\\My Files', reject: false })
  expect(result).toExitWith(1)
  expect(result.stderr).toBe('column: no file missing.csv')
})
// #endregion

// #region script
test('as cmd calls it, by its script', async ({ win }) => {
  // A string goes to cmd, as if somebody had typed it.
  const result = await win.run('C:\\column\\column town "C:\\My Files\\people.csv" && echo went well')
  expect(result.stdout).toBe('Bern\nSão Paulo\nwent well')
})
// #endregion
