import { expect, test } from 'vitest'
import { failureMessages } from '../../src/client/failure-message.ts'
import type { RunResult } from '../../src/client/result.ts'

const failed: RunResult = {
  command: 'do it',
  exitCode: 1,
  stdout: '',
  stderr: '',
  durationMs: 1,
  failed: true,
  timedOut: false,
  isCanceled: false,
  isTerminated: false,
  isMaxBuffer: false,
  pid: 4,
}

test.for<[Partial<RunResult>, string]>([
  [{}, 'Command failed with exit code 1: do it'],
  [{ exitCode: 9009 }, 'Command failed with exit code 9009 (cmd knows no such command): do it'],
  [{ exitCode: 0xc0000005 }, 'Command failed with exit code 3221225477 (0xC0000005, access violation): do it'],
  [{ exitCode: 0x80000001 }, 'Command failed with exit code 2147483649 (0x80000001): do it'],
  [{ exitCode: undefined, isTerminated: true }, 'Command was killed: do it'],
  [{ timedOut: true, isTerminated: true }, 'Command timed out after 30 milliseconds: do it'],
  [{ isCanceled: true }, 'Command was canceled: do it'],
  [{ isCanceled: true, pid: undefined }, 'Command was canceled before it started: do it'],
  [{ isMaxBuffer: true }, 'Command wrote more than the `maxBuffer` of 10 bytes: do it'],
  [{ command: 'x'.repeat(2000) }, `Command failed with exit code 1: ${'x'.repeat(1000)}…`],
])('the short message tells what happened: %j', ([result, shortMessage]) => {
  expect(failureMessages({ ...failed, ...result }, { timeout: 30, maxBuffer: 10 }).shortMessage).toBe(shortMessage)
})

test('the message has stderr first, then stdout', () => {
  const { message } = failureMessages({ ...failed, stdout: 'out\nput\n', stderr: 'err' }, { maxBuffer: 10 })
  expect(message).toBe('Command failed with exit code 1: do it\n\nerr\n\nout\nput')
})

test('the message keeps the end of a long output', () => {
  const { message } = failureMessages({ ...failed, stdout: `begin${'x'.repeat(10_000)}` }, { maxBuffer: 10 })
  expect(message).toBe(
    `Command failed with exit code 1: do it\n\n[5 characters before these are left out here]\n${'x'.repeat(10_000)}`,
  )
})

test('what a guest writes cannot steer the terminal', () => {
  const { message } = failureMessages({ ...failed, stderr: '\u001b]0;title\u0007 \u009b2J\tok\r' }, { maxBuffer: 10 })
  expect(message).toBe('Command failed with exit code 1: do it\n\n\\x1b]0;title\\x07 \\x9b2J\tok')
})

test('bytes are told by their number', () => {
  const result = { ...failed, stdout: new Uint8Array(5), stderr: new Uint8Array(0) }
  expect(failureMessages(result, { maxBuffer: 10 }).message).toBe('Command failed with exit code 1: do it\n\n[5 bytes]')
})
