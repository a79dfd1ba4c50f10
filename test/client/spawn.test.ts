import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { acquireWin } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import { encodeJsonFrame, frameType } from '../../src/protocol/frames.ts'
import { type GuestCommand, type Program, request, startPeer } from './peer.ts'

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

async function start(program: Program): Promise<Win> {
  const peer = await startPeer({}, program)
  const win = await acquireWin(peer, request)
  open.push(peer, win)
  return win
}

const dies = async (command: GuestCommand) => {
  await command.killed.promise
  command.exit(1, 'killed')
}

test('a process resolves to its result', async () => {
  const win = await start((command) => {
    command.out('one\r\ntwo\r\n')
    command.err('three')
    command.exit(0)
  })
  const process = win.spawn('x')
  expect(await process.pid).toBe(101)
  expect(await process).toMatchObject({ command: 'x', exitCode: 0, stdout: 'one\ntwo', stderr: 'three', failed: false })
})

test('a process that fails rejects as a command does', async () => {
  const win = await start((command) => command.exit(3))
  await expect(win.spawn('x')).rejects.toMatchObject({ name: 'WinCommandError', exitCode: 3 })
  expect(await win.spawn('x', { reject: false })).toMatchObject({ exitCode: 3, failed: true })
})

test('a failure that nobody awaits is no unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const hear = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const win = await start(dies)
    await win.spawn('x').kill()
    await delay(20)
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', hear)
  }
})

describe('stdin', () => {
  test('carries what is written, and its end', async () => {
    const win = await start(async (command) => {
      const input = await command.readInput()
      command.out(input)
      command.exit(0)
    })
    const process = win.spawn('x')
    process.stdin.write('Ж ')
    process.stdin.write(Uint8Array.of(0x41))
    process.stdin.end('!')
    expect((await process).stdout).toBe('Ж A!')
  })

  test('holds its writer back while the guest takes nothing', async () => {
    const commands: GuestCommand[] = []
    const win = await start((command) => void commands.push(command))
    const process = win.spawn('x')
    let written = 0
    for (let index = 0; index < 16; index += 1) {
      process.stdin.write(new Uint8Array(64 * 1024), () => {
        written += 64 * 1024
      })
    }
    await expect.poll(() => commands[0]?.receivedInput).toBe(256 * 1024)
    await delay(50)
    expect(commands[0]?.receivedInput).toBe(256 * 1024)
    expect(written).toBeLessThanOrEqual(256 * 1024)
    commands[0]?.exit(0)
    await process
    await expect.poll(() => written).toBe(16 * 64 * 1024)
  })
})

describe('stdout', () => {
  test('gives the bytes as they come, untouched', async () => {
    const win = await start((command) => {
      command.out('a\r\n')
      command.out('b')
      command.exit(0)
    })
    const process = win.spawn('x')
    expect(await text(process.stdout)).toBe('a\r\nb')
    expect((await process).stdout).toBe('a\nb')
  })

  test('that is taken late still has all of it', async () => {
    const win = await start((command) => {
      command.out('early ')
      setTimeout(() => {
        command.out('late')
        command.exit(0)
      }, 50)
    })
    const process = win.spawn('x')
    await process.pid
    await delay(20)
    expect(await text(process.stdout)).toBe('early late')
    await process
    expect(await text(process.stderr)).toBe('')
  })

  test('that nobody reads holds the guest back, and nothing is lost', async () => {
    const commands: GuestCommand[] = []
    const total = 4 * 2 ** 20
    const win = await start(async (command) => {
      commands.push(command)
      await command.flood(total)
      command.exit(0)
    })
    const process = win.spawn('x', { buffer: false })
    await process.pid
    await expect.poll(() => commands[0]?.credits[1]).toBe(0)
    await delay(50)
    expect(commands[0]?.credits[1]).toBe(0)
    let length = 0
    for await (const piece of process.stdout) {
      length += piece.length
    }
    expect(length).toBe(total)
    expect((await process).stdout).toBe('')
  })

  test('that is destroyed lets the guest go on', async () => {
    const win = await start(async (command) => {
      await command.flood(2 ** 20)
      command.exit(0)
    })
    const process = win.spawn('x')
    process.stdout.destroy()
    expect((await process).exitCode).toBe(0)
  })

  test('ends when the link is lost, and the process says why', async () => {
    const win = await start((command) => command.out('before'))
    const process = win.spawn('x')
    const read = text(process.stdout)
    await process.pid
    await win[Symbol.asyncDispose]()
    expect(await read).toBe('before')
    await expect(process).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })
})

describe('kill', () => {
  test('resolves when the process is gone', async () => {
    const win = await start(dies)
    const process = win.spawn('x', { reject: false })
    await process.pid
    await process.kill()
    expect(await process).toMatchObject({ isTerminated: true, exitCode: undefined, failed: true })
    await process.kill()
  })
})

describe('a terminal', () => {
  test('is asked for with its size, and given another one', async () => {
    const commands: GuestCommand[] = []
    const win = await start((command) => void commands.push(command))
    const process = win.spawn('cmd', { tty: { columns: 80, rows: 24 } })
    await process.pid
    await process.resize(132, 50)
    await expect.poll(() => commands[0]?.sizes).toEqual([{ columns: 132, rows: 50 }])
    expect(commands[0]?.request).toMatchObject({ stdin: 'pipe', tty: { columns: 80, rows: 24 } })
    commands[0]?.exit(0)
    await process
  })

  test.for<[object, RegExp]>([
    [{ tty: { columns: 0, rows: 24 } }, /`tty\.columns`.*a whole number from 1 to 1000/],
    [{ tty: { columns: 80 } }, /`tty\.rows`/],
    [{ tty: true }, /`tty`/],
    [{ input: 'x' }, /Unknown option `input`/],
    [{ buffer: 'no' }, /`buffer`/],
  ])('options that are wrong are refused: %j', async ([options, message]) => {
    const win = await start(() => expect.fail('nothing runs'))
    expect(() => win.spawn('x', options)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
    )
  })

  test('that a process does not have cannot be resized', async () => {
    const win = await start(dies)
    const process = win.spawn('x', { reject: false })
    await expect(process.resize(80, 25)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await process.kill()
  })
})

test('a link that is away is waited for, and a process starts on the next one', async () => {
  let first = true
  const peer = await startPeer({}, (command) => {
    if (first) {
      first = false
      const [socket] = peer.sockets
      socket?.send('{"event":"link-lost","error":{"code":"MACHINE_UNRESPONSIVE","message":"gone"},"retrying":true}')
      setTimeout(() => socket?.send('{"event":"link-restored"}'), 50)
    } else {
      command.out('well')
      command.exit(0)
    }
  })
  const win = await acquireWin(peer, request)
  open.push(peer, win)
  await expect(win.run('x')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect((await win.run('y')).stdout).toBe('well')
})

test('a command that waits for a link ends at its timeout', async () => {
  const peer = await startPeer({}, () => expect.fail('nothing runs'))
  const win = await acquireWin(peer, request)
  open.push(peer, win)
  const [socket] = peer.sockets
  socket?.send('{"event":"link-lost","error":{"code":"MACHINE_UNRESPONSIVE","message":"gone"},"retrying":true}')
  await delay(20)
  await expect(win.run('x', { timeout: 50 })).rejects.toMatchObject({ timedOut: true, pid: undefined })
})

test('PowerShell in a guest that has none is refused by name', async () => {
  const win = await start(() => expect.fail('nothing runs'))
  await expect(win.powershell('Get-Date')).rejects.toMatchObject({ code: 'UNSUPPORTED_BY_GUEST' })
  await expect(win.run('Get-Date', { shell: 'powershell' })).rejects.toMatchObject({ code: 'UNSUPPORTED_BY_GUEST' })
})

test('an answer that breaks the protocol ends the process, not the machine', async () => {
  let first = true
  const win = await start((command) => {
    if (first) {
      first = false
      command.send(encodeJsonFrame(frameType.exit, command.stream, { kind: 'exit', code: -1 }))
    } else {
      command.exit(0)
    }
  })
  await expect(win.spawn('x')).rejects.toMatchObject({ code: 'AGENT_PROTOCOL' })
  expect((await win.spawn('y')).exitCode).toBe(0)
})
