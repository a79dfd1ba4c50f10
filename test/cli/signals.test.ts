import { once } from 'node:events'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { signalExitCode } from '../../src/cli/signals.ts'

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('ended by %s it exits with %i', (signal, expected) => {
  expect(signalExitCode(signal)).toBe(expected)
})

const program = `
import { onEndingSignal } from './src/cli/signals.ts'
onEndingSignal((signal) => console.log('asked by ' + signal))
setInterval(() => {}, 1000)
console.log('waiting')
`

test('the first signal asks for the end, and the second one is the end', async () => {
  const child = execa(process.execPath, ['--input-type=module', '-e', program], { reject: false })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  expect(await child).toMatchObject({ stdout: 'waiting\nasked by SIGTERM', exitCode: 130 })
})
