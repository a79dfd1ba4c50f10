import { expect, test } from 'vitest-environment-osrun/test'

// The same as in the other file: each finds a machine in which nobody wrote anything.
test('a file that another test file wrote is not here', async ({ win }) => {
  const path = 'C:\\written-by-a-test.txt'
  expect((await win.run(`if exist ${path} (echo there) else (echo not there)`)).stdout).toBe('not there')
  await win.run(`echo one> ${path}`)
  expect((await win.run(`type ${path}`)).stdout).toBe('one')
})
