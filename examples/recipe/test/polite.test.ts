// @vitest-environment-options {"snapshot": "greeter-polite"}
import { expect, test } from 'vitest-environment-osrun/test'

test('greets politely', async ({ win }) => {
  expect((await win.run('C:\\greeter\\greet Anna')).stdout).toBe('Good evening, Anna')
})
