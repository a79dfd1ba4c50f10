import { expect, test } from 'vitest-environment-osrun/test'

test('greets', async ({ win }) => {
  expect((await win.run('C:\\greeter\\greet Anna')).stdout).toBe('Hello, Anna')
})

test('says what its user has chosen', async ({ win }) => {
  await win.run('reg add HKCU\\Software\\Greeter /v Greeting /d Hi /f')
  expect((await win.run('C:\\greeter\\greet Anna')).stdout).toBe('Hi, Anna')
})
