import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { WinCommandError } from '../../src/client/index.ts'
import { acquireWin } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import { encodeFrame, encodeJsonFrame, frameType } from '../../src/protocol/frames.ts'
import { type Answers, type GuestCommand, lease, type Peer, type Program, request, startPeer } from './peer.ts'

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

async function start(
  program: Program,
  answers: Answers = {},
  signals: AbortSignal[] = [],
): Promise<{ peer: Peer; win: Win }> {
  const peer = await startPeer(answers, program)
  const win = await acquireWin(peer, request, { signals: () => signals })
  open.push(peer, win)
  return { peer, win }
}

const says = (text: string) => (command: GuestCommand) => {
  command.out(text)
  command.exit(0)
}

describe('run', () => {
  test('gives stdout, stderr, exit code and process id', async () => {
    const { win } = await start((command) => {
      command.out('one\r\n')
      command.err('two\r\n')
      command.exit(0)
    })
    expect(await win.run(['prog', 'a b'])).toEqual({
      command: 'prog "a b"',
      exitCode: 0,
      stdout: 'one',
      stderr: 'two',
      durationMs: expect.any(Number),
      failed: false,
      timedOut: false,
      isCanceled: false,
      isTerminated: false,
      isMaxBuffer: false,
      pid: 101,
    })
  })

  test('asks the guest for exactly what was given', async () => {
    const requests: unknown[] = []
    const { win } = await start((command) => {
      requests.push(command.request)
      command.exit(0)
    })
    await win.run('dir "C:\\a b"')
    await win.run(['p', 'x y'], { cwd: 'C:\\work', env: { A: '1', B: undefined } })
    await win.run('p q', { shell: false, input: '' })
    expect(requests).toEqual([
      { commandLine: 'cmd /d /s /c "dir "C:\\a b""', stdin: 'null' },
      { commandLine: 'p "x y"', stdin: 'null', cwd: 'C:\\work', env: { A: '1', B: null } },
      { commandLine: 'p q', stdin: 'pipe' },
    ])
  })

  test.for<[string, string]>([
    ['a\r\nb\r\n', 'a\nb'],
    ['a\nb\n', 'a\nb'],
    ['a\r\n\r\n', 'a\n'],
    ['a\rb', 'a\rb'],
    ['', ''],
    ['\r\n', ''],
    ['ж漢😀\r\n', 'ж漢😀'],
  ])('gives text with one kind of line end: %j', async ([written, read]) => {
    const { win } = await start((command) => {
      for (const byte of Buffer.from(written)) {
        command.out(Uint8Array.of(byte))
      }
      command.exit(0)
    })
    const heard: string[] = []
    expect((await win.run('x', { onStdout: (chunk) => heard.push(chunk) })).stdout).toBe(read)
    expect(heard.join('')).toBe(written.replaceAll('\r\n', '\n'))
  })

  test('gives bytes untouched where bytes are asked for', async () => {
    const bytes = Uint8Array.of(0, 13, 10, 255, 13, 10)
    const { win } = await start((command) => {
      command.out(bytes)
      command.exit(0)
    })
    const heard: Uint8Array[] = []
    const result = await win.run('x', { encoding: 'buffer', onStdout: (chunk) => heard.push(chunk) })
    expect([...result.stdout]).toEqual([...bytes])
    expect(Buffer.concat(heard)).toEqual(Buffer.from(bytes))
    expect(result.stderr).toHaveLength(0)
  })

  test('rejects a failed command with its result as an error', async () => {
    const { win } = await start((command) => {
      command.out('some output\r\n')
      command.err('the reason\r\n')
      command.exit(7)
    })
    const error = await win.run('do it').catch((reason) => reason as WinCommandError)
    expect(error).toMatchObject({
      name: 'WinCommandError',
      command: 'do it',
      exitCode: 7,
      stdout: 'some output',
      stderr: 'the reason',
      failed: true,
      shortMessage: 'Command failed with exit code 7: do it',
      message: 'Command failed with exit code 7: do it\n\nthe reason\n\nsome output',
    })
  })

  test('points at the call that failed, not into this package', async () => {
    const { win } = await start((command) => command.exit(1))
    const failed = await win.run('x').catch((reason) => reason)
    const refused = await win.run('x', { timeout: -1 }).catch((reason) => reason)
    for (const error of [failed, refused]) {
      expect(error.stack.split('\n    at ')[1]).toContain('win.test.ts')
    }
  })

  test('returns a failed command where it is not to reject', async () => {
    const { win } = await start((command) => command.exit(0xc0000005))
    expect(await win.run('x', { reject: false })).toMatchObject({ exitCode: 3221225477, failed: true })
  })

  test('sends input and closes it', async () => {
    const { win } = await start(async (command) => {
      command.out(await command.readInput())
      command.exit(0)
    })
    expect((await win.run('x', { input: 'ж\n2' })).stdout).toBe('ж\n2')
    expect((await win.run('x', { input: '' })).stdout).toBe('')
    const bytes = Uint8Array.from({ length: 500 }, (_, index) => index % 256)
    const echoed = await win.run('x', { input: bytes, encoding: 'buffer' })
    expect(Buffer.from(echoed.stdout).equals(bytes)).toBe(true)
  })

  test('sends no more input than the guest has room for', async () => {
    const received: number[] = []
    const { win } = await start(async (command) => {
      const step = 100_000
      for (let total = 262_144; total < 1_000_000; total += step) {
        await expect.poll(() => command.receivedInput).toBe(total)
        received.push(command.receivedInput)
        const grant = Buffer.alloc(5)
        grant.writeUInt32LE(step, 1)
        command.send(encodeFrame(frameType.window, command.stream, grant))
      }
      command.exit((await command.readInput()).length === 1_000_000 ? 0 : 1)
    })
    await win.run('x', { input: new Uint8Array(1_000_000) })
    expect(received).toHaveLength(8)
  })

  test('ends although the command did not read its input', async () => {
    const { win } = await start((command) => command.exit(0))
    expect((await win.run('x', { input: new Uint8Array(1_000_000) })).exitCode).toBe(0)
  })

  test('takes more output than one window holds', async () => {
    const { win } = await start(async (command) => {
      await command.flood(3_000_000)
      command.exit(0)
    })
    expect((await win.run('x', { encoding: 'buffer' })).stdout).toHaveLength(3_000_000)
  })

  test('runs many commands at once, each with its own output', async () => {
    const waiting: GuestCommand[] = []
    const { win } = await start((command) => {
      waiting.push(command)
      if (waiting.length === 20) {
        for (const each of waiting.reverse()) {
          each.out(each.commandLine)
          each.exit(0)
        }
      }
    })
    const results = await Promise.all(Array.from({ length: 20 }, (_, number) => win.run([`p${number}`])))
    expect(results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 20 }, (_, number) => `p${number}`))
  })
})

describe('a command is killed', () => {
  const stubborn: Program = async (command) => {
    command.out('begun\r\n')
    await command.killed.promise
    command.exit(1, 'killed')
  }

  test('at its timeout, and what it wrote is kept', async () => {
    const { win } = await start(stubborn)
    await expect(win.run('loop', { timeout: 50 })).rejects.toMatchObject({
      timedOut: true,
      isTerminated: true,
      isCanceled: false,
      exitCode: undefined,
      stdout: 'begun',
      shortMessage: 'Command timed out after 50 milliseconds: loop',
    })
  })

  test('by its signal, whose reason becomes the cause', async () => {
    const { win } = await start(stubborn)
    const controller = new AbortController()
    const onStdout = () => controller.abort(new Error('enough'))
    await expect(win.run('loop', { signal: controller.signal, onStdout })).rejects.toMatchObject({
      isCanceled: true,
      isTerminated: true,
      timedOut: false,
      shortMessage: 'Command was canceled: loop',
      cause: new Error('enough'),
    })
  })

  test('by the signal of the running test', async () => {
    const controller = new AbortController()
    const { win } = await start(stubborn, {}, [controller.signal])
    const running = win.run('loop', { onStdout: () => controller.abort(), reject: false })
    expect(await running).toMatchObject({ isCanceled: true })
  })

  test('not at all by a signal of a test that was over before', async () => {
    const { win } = await start(says('cleaned up'), {}, [AbortSignal.abort()])
    expect((await win.run('clean up')).stdout).toBe('cleaned up')
  })

  test('before it starts where its signal is aborted already', async () => {
    let started = 0
    const { win } = await start(() => {
      started += 1
    })
    await expect(win.run('loop', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      isCanceled: true,
      pid: undefined,
      shortMessage: 'Command was canceled before it started: loop',
    })
    expect(started).toBe(0)
  })

  test('when a listener throws, and the call rejects with what it threw', async () => {
    const { win } = await start(stubborn)
    const onStdout = () => {
      throw new RangeError('not in my test')
    }
    await expect(win.run('loop', { onStdout, reject: false })).rejects.toThrow(new RangeError('not in my test'))
  })

  test('when it writes more than `maxBuffer`', async () => {
    const { win } = await start(async (command) => {
      command.out('12345678')
      await command.killed.promise
      command.exit(1, 'killed')
    })
    await expect(win.run('flood', { maxBuffer: 5 })).rejects.toMatchObject({
      isMaxBuffer: true,
      stdout: '12345',
      shortMessage: 'Command wrote more than the `maxBuffer` of 5 bytes: flood',
    })
  })
})

describe('a command that could not be started is told:', () => {
  test.for<[number, string, RegExp]>([
    [2, 'COMMAND_NOT_FOUND', /no such program/],
    [3, 'COMMAND_NOT_FOUND', /no such program/],
    [267, 'COMMAND_NOT_FOUND', /working folder/],
    [5, 'SPAWN_FAILED', /Access denied.*Windows error 5/],
  ])('Windows error %d', async ([win32, code, message]) => {
    const { win } = await start((command) => {
      const refusal = { code: 'SPAWN_FAILED', win32, message: 'Access denied' }
      command.send(encodeJsonFrame(frameType.error, command.stream, refusal))
    })
    await expect(win.run(['nothing'])).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('an outcome that is not known is never a success:', () => {
  test('the connection ends', async () => {
    const { peer, win } = await start(() => {
      for (const socket of peer.sockets) {
        socket.terminate()
      }
    })
    await expect(win.run('x')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'CONNECTION_LOST' } })
    await expect(win.run('x')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('the machine crashes; the next command says so, and after a restore all is well', async () => {
    let crashes = true
    const { peer, win } = await start((command) => {
      if (crashes) {
        for (const socket of peer.sockets) {
          socket.send(
            '{"event":"link-lost","error":{"code":"MACHINE_CRASHED","message":"QEMU exited."},"retrying":false}',
          )
        }
      } else {
        command.exit(0)
      }
    })
    await expect(win.run('x', { reject: false })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('QEMU exited.'),
      cause: { code: 'MACHINE_CRASHED' },
    })
    await expect(win.run('x')).rejects.toMatchObject({ code: 'MACHINE_CRASHED' })
    crashes = false
    await win.restore()
    expect((await win.run('x')).exitCode).toBe(0)
  })

  test('the machine is restored meanwhile', async () => {
    const { win } = await start(() => {})
    const running = win.run('loop')
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' }), win.restore('other')])
  })

  test('the `win` is given back', async () => {
    const { win } = await start(() => {})
    const running = win.run('loop')
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' }), win[Symbol.asyncDispose]()])
    await expect(win.run('x')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('given back'),
    })
  })

  test.for<[string, (command: GuestCommand) => void]>([
    ['an exit without a code', (command) => command.send(encodeJsonFrame(frameType.exit, command.stream, {}))],
    ['an exit code that is none', (command) => command.exit(-1)],
    ['an exit that is no JSON', (command) => command.send(encodeFrame(frameType.exit, command.stream))],
    [
      'a window of a channel that is not ours',
      (command) => command.send(encodeFrame(frameType.window, command.stream, Uint8Array.of(1, 1, 0, 0, 0))),
    ],
  ])('the agent sends %s', async ([_, misbehave]) => {
    const { win } = await start((command) => misbehave(command))
    await expect(win.run('x')).rejects.toMatchObject({ code: 'AGENT_PROTOCOL' })
  })
})

describe('a bad option is refused, with its name, before anything runs:', () => {
  test.for<[Record<string, unknown>, RegExp]>([
    [{ timeout: '5' }, /`timeout`.*number of milliseconds, got "5"/],
    [{ timeout: -1 }, /`timeout`.*from 0 on, got -1/],
    [{ timeout: Number.NaN }, /`timeout`/],
    [{ cwd: '' }, /`cwd`/],
    [{ cwd: 'C:\\\0' }, /`cwd`.*NUL/],
    [{ env: { 'A=B': 'c' } }, /`env.A=B`.*without "="/],
    [{ env: { A: 1 } }, /`env.A`.*a string, got 1/],
    [{ input: 5 }, /`input`/],
    [{ shell: 'bash' }, /`shell`.*"cmd", "powershell" or false/],
    [{ encoding: 'latin1' }, /`encoding`/],
    [{ signal: {} }, /`signal`/],
    [{ reject: 'no' }, /`reject`/],
    [{ maxBuffer: 0 }, /`maxBuffer`/],
    [{ onStdout: 'x' }, /`onStdout`/],
    [{ timeOut: 5 }, /Unknown option `timeOut`.*cwd, env/],
  ])('%j', async ([options, message]) => {
    let started = 0
    const { win } = await start(() => {
      started += 1
    })
    await expect(win.run('x', options)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(message),
    })
    expect(started).toBe(0)
  })
})

describe('snapshots and screenshots', () => {
  const info = { name: 'git', guest: 'wine', parent: 'provisioned', createdAt: '2026-01-01T00:00:00Z', size: 5 }

  test('a snapshot is asked for by name', async () => {
    const { peer, win } = await start(() => {}, { snapshot: () => info, snapshots: () => [info] })
    expect(await win.snapshot('git')).toEqual(info)
    expect(await win.snapshots()).toEqual([info])
    expect(peer.asked.at(-2)).toEqual({ method: 'snapshot', params: { name: 'git', replace: false } })
  })

  test.for(['', 'A', '../x', 'con', 'a'.repeat(65)])('%j is no name of a snapshot', async (name) => {
    const { win } = await start(() => {})
    await expect(win.snapshot(name)).rejects.toMatchObject({ code: 'BAD_NAME' })
    await expect(win.restore(name)).rejects.toMatchObject({ code: 'BAD_NAME' })
  })

  test('after a restore the handle tells the snapshot', async () => {
    const { win } = await start(() => {}, { restore: ({ snapshot }) => ({ ...lease, snapshot }) })
    expect(win.snapshotName).toBe('provisioned')
    await win.restore('git')
    expect(win).toMatchObject({ guest: 'wine', snapshotName: 'git' })
  })

  test('a snapshot that does not exist leaves the machine usable', async () => {
    const { win } = await start(says('here'), {
      restore: () => ({ error: { code: 'SNAPSHOT_NOT_FOUND', message: 'No snapshot "x".' } }),
    })
    await expect(win.restore('x')).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' })
    expect((await win.run('x')).stdout).toBe('here')
  })

  test('a screenshot can be saved into a folder that does not exist yet', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osrun test '))
    open.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) })
    const png = Buffer.from('a picture')
    const { win } = await start(() => {}, {
      screenshot: () => ({ png: png.toString('base64'), width: 1024, height: 768 }),
    })
    const path = join(folder, 'deep', 'screen.png')
    const screenshot = await win.screenshot({ path })
    expect(screenshot).toEqual({ png: new Uint8Array(png), width: 1024, height: 768 })
    expect(await readFile(path)).toEqual(png)
    await expect(win.screenshot({ path: join(path, 'below a file') })).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
    })
  })
})

test('a machine is given back once, and the server is told', async () => {
  const { peer, win } = await start(() => {})
  await win[Symbol.asyncDispose]()
  await win[Symbol.asyncDispose]()
  expect(peer.asked.filter(({ method }) => method === 'release')).toHaveLength(1)
  await expect.poll(() => peer.sockets.size).toBe(0)
})

test('a machine that cannot be had leaves no connection behind', async () => {
  const peer = await startPeer({ acquire: () => ({ error: { code: 'UNKNOWN_GUEST', message: 'No guest "x".' } }) })
  open.push(peer)
  await expect(acquireWin(peer, request)).rejects.toMatchObject({ code: 'UNKNOWN_GUEST' })
  await expect.poll(() => peer.sockets.size).toBe(0)
})
