import { endingOf, outputsOf } from '../../src/client/failure-message.ts'
import { printable } from '../../src/client/printable.ts'
import type { RunResult } from '../../src/client/result.ts'
import { type MatcherOutcome, type MatcherThis, notExpected } from './poll.ts'

/**
 * A command ended with this exit code: `expect(await win.run('…', { reject: false })).toExitWith(3)`. Negative codes are
 * those of Windows' signed view: -1073741819 is 3221225477.
 */
export function toExitWith(this: MatcherThis, received: unknown, code: number): MatcherOutcome {
  const result = checkResult(received)
  const pass = result.exitCode === code >>> 0
  const expected = `expected "${printable(result.command)}" ${pass ? 'not ' : ''}to exit with ${code}`
  return {
    pass,
    message: () => [`${expected}: ${endingOf(result)}`, ...outputsOf(result)].join('\n\n'),
  }
}

function checkResult(value: unknown): RunResult<string | Uint8Array> {
  if (typeof value === 'object' && value !== null && 'exitCode' in value && 'command' in value && 'stdout' in value) {
    return value as RunResult<string | Uint8Array>
  }
  throw notExpected('toExitWith', 'the result of a command, or its error', value)
}
