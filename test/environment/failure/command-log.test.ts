import { expect, test } from 'vitest'
import { CommandLog } from '../../../environment/failure/command-log.ts'
import { type RunResult, WinCommandError } from '../../../src/client/result.ts'

const result: RunResult<string | Uint8Array> = {
  ...{ command: 'ver', exitCode: 0, stdout: '', stderr: '', durationMs: 5, failed: false, timedOut: false },
  ...{ isCanceled: false, isTerminated: false, isMaxBuffer: false, pid: 7 },
}
const output = (text: string) => ({ bytes: new TextEncoder().encode(text) })

/** Records a command, and lets what its end sets off happen. */
async function record(log: CommandLog, command: string, ending: Promise<RunResult<string | Uint8Array>>, so = '') {
  log.record({ command, cwd: undefined, stdout: output(so), stderr: output(''), result: ending })
  await ending.catch(() => {})
}

const never = () => new Promise<never>(() => {})
const endOf = async (ending: Promise<RunResult<string | Uint8Array>>) => {
  const log = new CommandLog()
  await record(log, 'ver', ending)
  return log.read().commands[0]?.end
}

test('an end is told in words', async () => {
  expect(await endOf(Promise.resolve({ ...result, exitCode: 3_221_225_477 }))).toBe(
    'exit code 3221225477 (0xC0000005, access violation)',
  )
  expect(await endOf(Promise.resolve({ ...result, exitCode: undefined }))).toBe('killed')
  expect(await endOf(Promise.resolve({ ...result, timedOut: true }))).toBe('timed out')
  expect(await endOf(Promise.resolve({ ...result, isCanceled: true }))).toBe('canceled')
  expect(await endOf(Promise.resolve({ ...result, isMaxBuffer: true }))).toBe('killed: it wrote too much')
  const failure = new WinCommandError({ ...result, exitCode: 2 }, 'short', 'long')
  expect(await endOf(Promise.reject(failure))).toBe('exit code 2')
  expect(await endOf(Promise.reject(new Error('the link was lost')))).toBe('the link was lost')
})

test('a command that runs is told with what it wrote so far', () => {
  const log = new CommandLog()
  log.record({ command: 'build', cwd: 'C:\\a', stdout: output('one\r\n'), stderr: output('two'), result: never() })
  expect(log.read()).toEqual({
    dropped: 0,
    commands: [
      {
        ...{ command: 'build', cwd: 'C:\\a', at: expect.any(Number), durationMs: expect.any(Number), end: undefined },
        ...{ stdout: { text: 'one\n', left: 0 }, stderr: { text: 'two', left: 0 } },
      },
    ],
  })
})

test('of a long output the end is kept', async () => {
  const log = new CommandLog()
  await record(log, 'text', Promise.resolve({ ...result, stdout: `${'a'.repeat(20_000)}the end` }))
  await record(log, 'bytes', Promise.resolve({ ...result, stdout: new Uint8Array(10_001).fill(0x62) }))
  const [text, bytes] = log.read().commands
  expect(text?.stdout.left).toBe(10_007)
  expect(text?.stdout.text).toHaveLength(10_000)
  expect(text?.stdout.text).toMatch(/^a+the end$/)
  expect(bytes?.stdout).toEqual({ text: 'b'.repeat(10_000), left: 1 })
})

test('of many commands the last are kept, each with its own end', async () => {
  const log = new CommandLog()
  const first = Promise.withResolvers<RunResult>()
  log.record({ command: 'first', cwd: undefined, stdout: output(''), stderr: output(''), result: first.promise })
  for (let number = 1; number <= 120; number += 1) {
    await record(log, `echo ${number}`, Promise.resolve({ ...result, exitCode: number }))
  }
  first.resolve(result as RunResult)
  await first.promise
  const { commands, dropped } = log.read()
  expect(dropped).toBe(21)
  expect(commands).toHaveLength(100)
  expect(commands.map(({ command, end }) => `${command}: ${end}`)).toEqual(
    Array.from({ length: 100 }, (_, index) => `echo ${index + 21}: exit code ${index + 21}`),
  )
})
