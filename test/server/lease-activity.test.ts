import { expect, test } from 'vitest'
import { type Frame, frameType } from '../../src/protocol/frames.ts'
import { LeaseActivity } from '../../src/server/lease-activity.ts'

function frame(type: number, stream: number, value: object): Frame {
  return { type, stream, payload: new TextEncoder().encode(JSON.stringify(value)) }
}

function exec(stream: number, commandLine: unknown): Frame {
  return frame(frameType.exec, stream, { commandLine, stdin: 'null' })
}

test('a lease runs, without a command, until it is heard of one', () => {
  const activity = new LeaseActivity('a.test.ts')
  expect(activity.describe()).toMatchObject({ label: 'a.test.ts', state: 'running', moreCommands: 0 })
  expect(activity.describe()).not.toHaveProperty('command')
})

test.each([
  ['what cmd runs, without cmd', 'cmd /d /s /c "echo "quoted""', 'echo "quoted"'],
  ['a program', 'notepad C:\\a.txt', 'notepad C:\\a.txt'],
  ['the beginning of a long one', 'x'.repeat(30_000), `${'x'.repeat(200)}…`],
  ['nothing of what is no text', 7, ''],
])('shows %s', (_, commandLine, line) => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, commandLine))
  expect(activity.describe().command).toMatchObject({ line, state: 'running' })
})

test('what the client looks at the desktop with is no command of it', () => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, 'setup'))
  activity.toAgent(frame(frameType.exec, 2, { commandLine: '--windows', self: true, stdin: 'null' }))
  activity.toClient(frame(frameType.exit, 2, { kind: 'exit', code: 0 }))
  expect(activity.describe()).toMatchObject({ command: { line: 'setup', state: 'running' }, moreCommands: 0 })
})

test.each([
  [frameType.exit, { kind: 'exit', code: 3221225477 }, { state: 'exited', exitCode: 3221225477 }],
  [frameType.exit, { kind: 'killed', code: 1 }, { state: 'killed' }],
  [frameType.error, { code: 'SPAWN_FAILED', win32: 2 }, { state: 'failed' }],
])('tells the end of a command by a frame of type %i, %j', (type, payload, end) => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, 'dir'))
  activity.toClient(frame(type, 1, payload))
  expect(activity.describe().command).toMatchObject({ line: 'dir', ...end, endedAt: expect.any(Number) })
})

test('one that was ended before it had started was ended', () => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, 'dir'))
  activity.toAgent({ type: frameType.kill, stream: 1, payload: new Uint8Array() })
  activity.toClient(frame(frameType.error, 1, { code: 'SPAWN_FAILED', win32: 995 }))
  expect(activity.describe().command).toMatchObject({ state: 'killed' })
})

test('shows the one that was started last, and counts the others that run', () => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, 'server'))
  activity.toAgent(exec(2, 'client'))
  expect(activity.describe()).toMatchObject({ command: { line: 'client' }, moreCommands: 1 })
  activity.toClient(frame(frameType.exit, 2, { kind: 'exit', code: 0 }))
  expect(activity.describe()).toMatchObject({ command: { line: 'client', state: 'exited' }, moreCommands: 1 })
  activity.toClient(frame(frameType.exit, 1, { kind: 'exit', code: 0 }))
  expect(activity.describe()).toMatchObject({ command: { line: 'client' }, moreCommands: 0 })
})

test('streams that are no commands are none', () => {
  const activity = new LeaseActivity('')
  activity.toAgent(frame(frameType.file, 1, { op: 'read', path: 'C:\\a' }))
  activity.toClient(frame(frameType.error, 1, { code: 'FILE_FAILED' }))
  expect(activity.describe()).not.toHaveProperty('command')
})

test('what a hostile client and agent send ends nothing', () => {
  const activity = new LeaseActivity('')
  activity.toAgent({ type: frameType.exec, stream: 1, payload: new Uint8Array([0xff, 0x7b]) })
  activity.toClient({ type: frameType.exit, stream: 1, payload: new Uint8Array([0x5b]) })
  expect(activity.describe().command).toMatchObject({ line: '', state: 'exited' })
})

test('commands of a machine that is gone have an unknown outcome', () => {
  const activity = new LeaseActivity('')
  activity.toAgent(exec(1, 'dir'))
  activity.lose()
  expect(activity.describe()).toMatchObject({ command: { line: 'dir', state: 'unknown' }, moreCommands: 0 })
})

test('is in another state while the machine is worked on', async () => {
  const activity = new LeaseActivity('')
  await activity.during('snapshotting', async () => expect(activity.describe().state).toBe('snapshotting'))
  expect(activity.describe().state).toBe('running')
})

test('is as it was before where that failed, and gone where that was found', async () => {
  const activity = new LeaseActivity('')
  const fails = async () => Promise.reject(new Error('no'))
  activity.turn('lost')
  await expect(activity.during('restoring', fails)).rejects.toThrow('no')
  expect(activity.describe().state).toBe('lost')
  await activity.during('restoring', async () => {})
  expect(activity.describe().state).toBe('running')
  const finds = async () => activity.turn('lost')
  await activity.during('rebooting', finds)
  expect(activity.describe().state).toBe('lost')
})
