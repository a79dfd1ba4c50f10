import { randomBytes } from 'node:crypto'
import { readlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { cmdPrompt, hear } from './hear.ts'
import { processes } from './host-processes.ts'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

// The machine room of this file, so that its commands need not start one each.
const given = withMachine('command')
const main = 'src/cli/main.ts'

// With the program in it.
beforeAll(async () => {
  await given.win.snapshot('test-command', { replace: true })
})

function environment() {
  return { OSRUN_URL: given.server.url, OSRUN_TOKEN: given.server.token }
}

function osrun(words: readonly string[], env: Record<string, string> = environment()) {
  return execa(process.execPath, [main, ...words], { reject: false, stdin: 'ignore', env })
}

test('stdout, stderr and the exit code of the command are those of osrun', async () => {
  const { stdout, stderr, exitCode } = await osrun(['echo out& echo err 1>&2& exit 3'])
  expect({ stdout, stderr: stderr.trim(), exitCode }).toEqual({ stdout: 'out', stderr: 'err', exitCode: 3 })
})

test('quotes and further words reach cmd as they are', async () => {
  expect((await osrun(['echo "two  words" & echo %OS%'])).stdout).toBe('"two  words" \r\nWindows_NT')
  expect((await osrun(['echo', '-v', 'three'])).stdout).toBe('-v three')
})

test('a machine is fresh for each command, unless its state was kept', async () => {
  expect(await osrun(['--new-snapshot', 'test-greeted', '--replace', 'mkdir C:\\hello'])).toMatchObject({ exitCode: 0 })
  expect((await osrun(['--use-snapshot', 'test-greeted', 'dir C:\\'])).stdout).toContain('hello')
  expect((await osrun(['dir C:\\'])).stdout).not.toContain('hello')
  const again = await osrun(['-n', 'test-greeted', 'echo this is not run'])
  expect(again).toMatchObject({ exitCode: 125, stdout: '' })
  expect(again.stderr).toMatch(/SNAPSHOT_EXISTS.*"test-greeted".*nothing was run.*--replace/)
})

test('a command that fails makes no snapshot', async () => {
  const { stderr, exitCode } = await osrun(['-n', 'test-never', 'exit 9'])
  expect({ stderr, exitCode }).toEqual({
    stderr: 'osrun: the command failed, so no snapshot "test-never" was made',
    exitCode: 9,
  })
  const missing = await osrun(['-s', 'test-never', 'ver'])
  expect(missing).toMatchObject({ exitCode: 125, stderr: expect.stringMatching(/SNAPSHOT_NOT_FOUND.*"test-never"/) })
})

describe('with the program of the tests', () => {
  test('stdin is piped through byte for byte', async () => {
    const bytes = randomBytes(300_000)
    const words = [main, '-s', 'test-command', `${program} echo`]
    const { stdout } = await execa(process.execPath, words, { input: bytes, encoding: 'buffer', env: environment() })
    expect(Buffer.compare(stdout, bytes)).toBe(0)
  })

  test('a forwarded port of this computer leads to the same port of the guest, and SIGTERM ends it all', async () => {
    const child = osrun(['-s', 'test-command', '-f', '7373', `${program} hear 7373`])
    await hear(child.stdout)(/listening/)
    const socket = connect({ host: '127.0.0.1', port: 7373, allowHalfOpen: true })
    socket.end('hello')
    expect(await text(socket)).toBe('hello')
    child.kill('SIGTERM')
    expect(await child).toMatchObject({ exitCode: 143 })
  })

  test('who stops reading ends the command', async () => {
    const child = osrun(['for /l %i in (1,1,1000000) do @echo line %i'])
    await hear(child.stdout)(/line 1\r/)
    child.stdout?.destroy()
    expect((await child).exitCode).toBe(141)
  })
})

test('with --pause the machine goes on, its desktop is a page, and Ctrl-C ends it with the command’s exit code', async () => {
  const child = osrun(['--pause', 'start notepad & exit 4'])
  const said = await hear(child.stderr)(/paused/)
  const [, url = ''] = /desktop: (http:\/\/localhost:\d+\/\S+)/.exec(said) ?? expect.fail(said)
  expect((await fetch(url)).status).toBe(200)
  child.kill('SIGINT')
  expect((await child).exitCode).toBe(4)
})

test('a machine room of its own is ended with it, and what it says comes only when asked for', async () => {
  const own = { OSRUN_RUNTIME: 'host' }
  const quiet = await osrun(['echo alone'], own)
  expect({ stdout: quiet.stdout, exitCode: quiet.exitCode }).toEqual({ stdout: 'alone', exitCode: 0 })
  const verbose = await osrun(['--verbose', '--temp-drive', 'echo told'], own)
  expect(verbose.stdout).toBe('told')
  expect(verbose.stderr).toMatch(/osrun: QEMU .*accelerator.*\n.*osrun: desktop: http:\/\/localhost/s)
  // What ping writes to a pipe comes when it has ended.
  const doomed = osrun(['-v', 'echo begun& ping -n 1000 127.0.0.1'], own)
  await hear(doomed.stdout)(/begun/)
  const servers = () => processes((words) => words.includes('serve') && words.includes('--exit-when-idle'))
  const running = await servers()
  doomed.kill('SIGINT')
  expect((await doomed).exitCode).toBe(130)
  expect(running.length - (await servers()).length).toBe(1)
})

describe('in a terminal', () => {
  /** osrun on a real pseudo-terminal, which script(1) makes. */
  function inTerminal(words: string) {
    return execa('script', ['-qefc', `exec ${process.execPath} ${main} ${words}`, '/dev/null'], {
      reject: false,
      env: { ...environment(), TERM: 'xterm' },
      buffer: false,
    }) as unknown as ReturnType<typeof osrun>
  }

  test('cmd is spoken with: prompt, echo, Ctrl-C, exit code', async () => {
    const child = inTerminal('cmd')
    const heard = hear(child.stdout)
    const stdin = child.stdin as Writable | null
    await heard(cmdPrompt)
    stdin?.write('echo %OS%\r')
    await heard(/Windows_NT/)
    stdin?.write('ping -n 1000 127.0.0.1\r')
    await heard(/127\.0\.0\.1.*127\.0\.0\.1/s)
    stdin?.write('\x03')
    await heard(cmdPrompt)
    stdin?.write('exit 7\r')
    expect((await child).exitCode).toBe(7)
  })

  test('a program has the size of the window, also when that changes', async () => {
    const child = inTerminal(`-s test-command '${program} size'`)
    const heard = hear(child.stdout)
    const stdin = child.stdin as Writable | null
    stdin?.write('\r')
    await heard(/\[80x24\]/)
    const [pid = 0] = await processes((words) => words[1] === main && words.includes(`${program} size`))
    await execa('stty', ['-F', await readlink(`/proc/${pid}/fd/0`), 'cols', '101', 'rows', '37'])
    process.kill(pid, 'SIGWINCH')
    await delay(1000)
    stdin?.write('\r')
    await heard(/\[101x37\]/)
    process.kill(pid, 'SIGTERM')
    expect((await child).exitCode).toBe(143)
  })
})

test('the raw bytes of the guest come as they are', async () => {
  const { stdout } = await execa(process.execPath, [main, 'echo Привет'], {
    encoding: 'buffer',
    stripFinalNewline: false,
    env: environment(),
  })
  expect(Buffer.from(stdout).toString('utf8')).toBe('Привет\r\n')
})
