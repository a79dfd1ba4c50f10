import { expect, test } from 'vitest'
import { lastCommand, reportText } from '../../../environment/failure/report.ts'

const none = { text: '', left: 0 }
const commands = [
  {
    ...{ command: 'echo hello', cwd: undefined, at: 12, durationMs: 410, end: 'exit code 0' },
    ...{ stdout: { text: 'hello\n', left: 0 }, stderr: none },
  },
  {
    ...{ command: 'setup.exe /s', cwd: 'C:\\app', at: 430, durationMs: 9000, end: undefined },
    ...{ stdout: { text: 'half done\u001b[2J', left: 500 }, stderr: { text: 'odd\nvery odd', left: 0 } },
  },
]

test('a report has the test, the machine and the commands, and nothing that steers a terminal', () => {
  const text = reportText({
    ...{ title: 'a.test.ts > installs', outcome: 'failed at retry 1', errors: ['one\ntwo\u001b[31m'] },
    ...{ machine: 'guest wine, snapshot provisioned', viewer: 'http://127.0.0.1:1/machines/m1', screen: 'screen.png' },
    state: 'osrun replay 1a2b3c4d',
    log: { commands, dropped: 3 },
  })
  expect(text).toMatchInlineSnapshot(`
    "test      a.test.ts > installs
    outcome   failed at retry 1
    error     one
              two\\x1b[31m
    machine   guest wine, snapshot provisioned
    viewer    http://127.0.0.1:1/machines/m1
    screen    screen.png
    state     osrun replay 1a2b3c4d
    commands  5, of which the last 2 follow

    [0.01 s] > echo hello
    [stdout]
    hello
    [exit code 0 after 0.41 s]

    [0.43 s] in C:\\app > setup.exe /s
    [stdout, without its first 500 characters]
    half done\\x1b[2J
    [stderr]
    odd
    very odd
    [still running after 9.00 s]
    "
  `)
})

test('one line tells of the last command', () => {
  expect(lastCommand({ commands, dropped: 0 })).toBe('last command "setup.exe /s": still running after 9.00 s')
  expect(lastCommand({ commands: commands.slice(0, 1), dropped: 0 })).toBe(
    'last command "echo hello": exit code 0 after 0.41 s',
  )
  expect(lastCommand({ commands: [], dropped: 0 })).toBe('no command')
  const [first] = commands
  const long = { ...first, command: `${'x'.repeat(70)}\nmore`, end: 'lost\nmore' } as (typeof commands)[0]
  expect(lastCommand({ commands: [long], dropped: 0 })).toBe(`last command "${'x'.repeat(60)}…": lost`)
})
