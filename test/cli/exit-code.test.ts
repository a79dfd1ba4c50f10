import { expect, test } from 'vitest'
import { shellExitCode } from '../../src/cli/run/exit-code.ts'

test.each([
  [0, 0],
  [1, 1],
  [255, 255],
  [256, 1],
  [257, 1],
  [0x1_00_00, 1],
  [3221225477, 5],
  [4294967295, 255],
])('the exit code %i of the guest is %i for the shell', (code, expected) => {
  expect(shellExitCode(code)).toBe(expected)
})
