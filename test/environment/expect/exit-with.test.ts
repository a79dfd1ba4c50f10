import { expect as base, describe, test } from 'vitest'
import { expect } from '../../../environment/expect/typed.ts'
import * as matchers from '../../../environment/matchers.ts'
import { type RunResult, WinCommandError } from '../../../src/client/result.ts'

base.extend(matchers)

const result: RunResult = {
  ...{ command: 'setup.exe /s', exitCode: 7, stdout: 'half done', stderr: 'no room', durationMs: 5, failed: true },
  ...{ timedOut: false, isCanceled: false, isTerminated: false, isMaxBuffer: false, pid: 7 },
}
const said = (assert: () => void) => {
  try {
    assert()
  } catch (error) {
    return (error as Error).message
  }
  return 'passed'
}

describe('toExitWith', () => {
  test('takes a result, an error, or what a promise gives', async () => {
    expect(result).toExitWith(7)
    expect(result).not.toExitWith(0)
    expect(new WinCommandError(result, 'short', 'long')).toExitWith(7)
    await expect(Promise.resolve(result)).resolves.toExitWith(7)
    await expect(Promise.reject(new WinCommandError(result, 'short', 'long'))).rejects.toExitWith(7)
  })

  test('takes codes as Windows writes them, too', () => {
    expect({ ...result, exitCode: 0xc0000005 }).toExitWith(-1073741819)
  })

  test('says how it ended, and what it wrote', () => {
    base(said(() => expect(result).toExitWith(0))).toBe(
      'expected "setup.exe /s" to exit with 0: exit code 7\n\nno room\n\nhalf done',
    )
    const late = { ...result, exitCode: undefined, timedOut: true, stdout: '', stderr: '' }
    base(said(() => expect(late).toExitWith(0))).toBe('expected "setup.exe /s" to exit with 0: timed out')
    base(said(() => expect(result).not.toExitWith(7))).toContain(
      'expected "setup.exe /s" not to exit with 7: exit code 7',
    )
  })

  test('refuses what is no result', () => {
    base(said(() => (base(5) as unknown as { toExitWith(code: number): void }).toExitWith(0))).toBe(
      '`toExitWith` expects the result of a command, or its error, got number',
    )
  })
})
