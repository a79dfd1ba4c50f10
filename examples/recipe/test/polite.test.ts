// @vitest-environment-options {"snapshot": "greeter-polite"}
import { expect, test } from 'vitest-environment-osrun/test'

test('greets politely', async ({ win }) => {
  expect(win.snapshotName).toBe('greeter-polite')
  expect((await win.run('C:\\greeter\\greet Anna')).stdout).toBe('Good evening, Anna')
})

test('greets as before in the state that this one started from', async ({ win }) => {
  await win.restore('greeter') // with `isolate: 'test'` each test begins in the file's own again
  expect((await win.run('C:\\greeter\\greet Anna')).stdout).toBe('Hello, Anna')
})
