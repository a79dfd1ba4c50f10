import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { guest, standsIn } from './guest.ts'

// Where the machines run is OSRUN_RUNTIME's or OSRUN_URL's matter.
let server: OsrunServer
let win: Win

beforeAll(async () => {
  server = await startServer()
  win = await server.acquire({ label: 'test/machine/win.test.ts' })
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

describe('run', () => {
  test('lists drive C', async () => {
    const { stdout, exitCode, failed } = await win.run('dir C:\\')
    expect(stdout).toMatch(/<DIR> +windows/i)
    expect(stdout).not.toContain('\r')
    expect({ exitCode, failed }).toEqual({ exitCode: 0, failed: false })
  })

  test('passes the exit code on', async () => {
    expect((await win.run('exit 7', { reject: false })).exitCode).toBe(7)
    expect((await win.run('exit -1073741819', { reject: false })).exitCode).toBe(0xc0000005)
  })

  test('rejects a failed command with stdout, stderr and the command', async () => {
    // What Windows itself says of a file that is not there does not name it.
    const command = 'echo before& echo missing.txt 1>&2& exit 1'
    await expect(win.run(command)).rejects.toMatchObject({
      name: 'WinCommandError',
      command,
      exitCode: 1,
      stdout: 'before',
      stderr: 'missing.txt ',
      message: expect.stringMatching(
        /exit code 1: echo before& echo missing.txt 1>&2& exit 1\n\nmissing.txt\s*\n\nbefore/,
      ),
    })
  })

  test('separates stdout from stderr', async () => {
    expect(await win.run(['cmd', '/c', 'echo out& echo err 1>&2'])).toMatchObject({ stdout: 'out', stderr: 'err ' })
  })

  test('tells a program that does not exist', async () => {
    await expect(win.run(['no-such-program', 'x'])).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
      message: expect.stringContaining('no-such-program'),
    })
    await expect(win.run('no-such-command')).rejects.toMatchObject({ name: 'WinCommandError', failed: true })
  })

  test('tells a working folder that does not exist, and uses one that does', async () => {
    await expect(win.run(['cmd', '/c', 'cd'], { cwd: 'C:\\no such folder' })).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
    })
    expect((await win.run('cd', { cwd: 'C:\\windows' })).stdout.toLowerCase()).toBe('c:\\windows')
  })

  test('adds and removes environment variables', async () => {
    const env = { ADDED: 'ж 1', username: undefined }
    expect((await win.run('echo [%ADDED%] [%USERNAME%] [%OS%]', { env })).stdout).toBe(
      '[ж 1] [%USERNAME%] [Windows_NT]',
    )
  })

  test('speaks UTF-8 both ways', async () => {
    expect((await win.run('echo Привет, 漢字 😀')).stdout).toBe('Привет, 漢字 😀')
    expect((await win.run(['findstr', 'x'], { input: 'Привет x\r\n漢字 😀 x\r\n' })).stdout).toBe('Привет x\n漢字 😀 x')
    await win.run('mkdir C:\\Ж漢')
    expect((await win.run('cd', { cwd: 'C:\\Ж漢' })).stdout).toBe('C:\\Ж漢')
  })

  test('gives stdin to the command, and none where there is no input', async () => {
    const lines = Array.from({ length: 20_000 }, (_, number) => `line ${number}`)
    const { stdout } = await win.run(['findstr', 'line'], { input: lines.join('\r\n') })
    expect(stdout.split('\n')).toEqual(lines)
    expect((await win.run(['findstr', 'x'], { reject: false })).exitCode).toBe(1)
  })

  test('ends a command and all that it started at its timeout', async () => {
    const running = win.run('echo begun& ping -n 500 127.0.0.1 > nul', { timeout: 5000 })
    await expect(running).rejects.toMatchObject({ timedOut: true, isTerminated: true, stdout: 'begun' })
    expect((await win.run('tasklist')).stdout).not.toMatch(/ping/i)
  })

  test('runs commands at the same time', async () => {
    const outputs = await Promise.all([1, 2, 3, 4, 5].map((number) => win.run(`echo ${number}`)))
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['1', '2', '3', '4', '5'])
  })

  test('refuses a bad option', async () => {
    await expect(win.run('ver', { timeout: -5 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

test('a screenshot shows the whole desktop', async ({ skip }) => {
  skip(await standsIn(win), 'its screen is that of the guest wine')
  const { png, width, height } = await win.screenshot()
  expect({ width, height }).toEqual(guest.screen)
  expect(Buffer.from(png).subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
})

describe('snapshots', () => {
  test('keep the disk, and a restore brings it back', async () => {
    await win.run('echo one> C:\\state.txt')
    const name = 'win-test'
    expect(await win.snapshot(name, { replace: true })).toMatchObject({
      name,
      guest: guest.name,
      parent: 'provisioned',
    })
    await win.run('echo two> C:\\state.txt')
    await win.restore(name)
    expect(win.snapshotName).toBe(name)
    expect((await win.run('type C:\\state.txt')).stdout).toBe('one')
    await win.restore('provisioned')
    expect((await win.run('if exist C:\\state.txt (echo there) else (echo not there)')).stdout).toBe('not there')
    expect((await win.snapshots()).map((info) => info.name)).toEqual(expect.arrayContaining([name, 'provisioned']))
  })

  test('that exist are not replaced unasked, and those that do not are told', async () => {
    await expect(win.snapshot('provisioned')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
    await expect(win.restore('no-such-snapshot')).rejects.toMatchObject({
      code: 'SNAPSHOT_NOT_FOUND',
      message: expect.stringContaining('no-such-snapshot'),
    })
    await expect(server.acquire({ snapshot: 'no-such-snapshot' })).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' })
  })
})

test('two machines at once know nothing of each other', async () => {
  await using other = await server.acquire({ label: 'the other machine' })
  await Promise.all([win.run('echo one> C:\\mine.txt'), other.run('echo two> C:\\mine.txt')])
  const read = await Promise.all([win.run('type C:\\mine.txt'), other.run('type C:\\mine.txt')])
  expect(read.map(({ stdout }) => stdout)).toEqual(['one', 'two'])
})

test('a guest that does not exist is told', async () => {
  await expect(server.acquire({ guest: 'solaris' })).rejects.toMatchObject({ code: 'UNKNOWN_GUEST' })
})
