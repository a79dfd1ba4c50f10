import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { type Served, serve } from '../../src/server/serve.ts'
import { hear } from './hear.ts'

const token = 'a token of this test'

/** What a person at a terminal does: `printf '...' | ncat 127.0.0.1 <port>`. */
async function ncat(port: number, said: string): Promise<string> {
  const socket = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.end(said)
  return text(socket)
}

/** Says something on a connection that stays open, and gives what is heard up to the pattern. */
async function talk(port: number, said: string | undefined, pattern: RegExp): Promise<string> {
  const socket = connectSocket({ host: '127.0.0.1', port })
  try {
    const heard = hear(socket)
    if (said !== undefined) {
      socket.write(said)
    }
    return await heard(pattern)
  } finally {
    socket.destroy()
  }
}

/** The size of the screen that a VNC server without a password shows. */
async function screenOf(port: number): Promise<{ width: number; height: number; name: string }> {
  const socket = connectSocket({ host: '127.0.0.1', port })
  try {
    expect((await bytes(socket, 12)).toString()).toMatch(/^RFB 003\.\d{3}\n$/)
    socket.write('RFB 003.008\n')
    const [count = 0] = await bytes(socket, 1)
    expect([...(await bytes(socket, count))]).toContain(1)
    socket.write(Buffer.from([1]))
    expect((await bytes(socket, 4)).readUInt32BE()).toBe(0)
    // Shared with others.
    socket.write(Buffer.from([1]))
    const init = await bytes(socket, 24)
    const name = (await bytes(socket, init.readUInt32BE(20))).toString()
    return { width: init.readUInt16BE(0), height: init.readUInt16BE(2), name }
  } finally {
    socket.destroy()
  }
}

async function bytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const piece: Buffer | null = socket.read(count)
    if (piece !== null) {
      return piece
    }
    await once(socket, 'readable', { signal: AbortSignal.timeout(30_000) })
  }
}

/** The ports of a machine, by what was said of them. */
function portsOf(lines: readonly string[], machine: string) {
  const port = (what: string) =>
    Number(
      lines.map((line) => new RegExp(`${machine}: ${what}.* at 127\\.0\\.0\\.1:(\\d+)$`).exec(line)?.[1]).find(Boolean),
    )
  return {
    screen: port('raw VNC'),
    monitor: port("QEMU's human monitor"),
    guestAgent: port("QEMU's guest agent"),
    agent: port("the agent's raw dialect"),
  }
}

describe('a machine that was started exposed', () => {
  const lines: string[] = []
  let served: Served
  let server: OsrunServer
  let win: Win
  let port: ReturnType<typeof portsOf>

  beforeAll(async () => {
    served = await serve({
      ...{ host: '127.0.0.1', port: 0, token, version: '0', expose: true },
      ...{ cache: defaultCache(process.env), accel: 'auto', standbys: 0, log: (line) => lines.push(line) },
    })
    server = await connect({ url: served.url, token })
    win = await server.acquire({ guest: 'wine' })
    port = portsOf(lines, 'm1')
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await served?.close()
  })

  test('says where each of its ports is, and warns', () => {
    expect(lines.join('\n')).toMatch(/WARNING: --expose: whoever reaches the ports of machine m1 /)
    expect(Object.values(port).every((number) => number > 0)).toBe(true)
  })

  test('answers a line with what the command says', async () => {
    expect(await ncat(port.agent, 'ver\r\n')).toContain('Microsoft Windows')
  })

  test('gives what follows to the command as its stdin, and both of its outputs back', async () => {
    const said = await ncat(port.agent, 'findstr word & dir C:\\missing\none word\ntwo\nthird word\n')
    expect(said.replaceAll('\r\n', '\n')).toContain('one word\nthird word\n')
    expect(said).not.toContain('two')
    expect(said).toMatch(/not found|cannot find/i)
  })

  test('ends the command when the person goes', async () => {
    const socket = connectSocket({ host: '127.0.0.1', port: port.agent })
    socket.write('for /l %i in (1,1,1000) do @(echo %i & ping -n 2 127.0.0.1 > nul)\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.resetAndDestroy()
    await expect.poll(async () => (await win.run('tasklist')).stdout, { timeout: 60_000 }).not.toMatch(/ping/i)
  })

  test('is no worse for its own client', async () => {
    const [raw, framed] = await Promise.all([ncat(port.agent, 'echo raw\r\n'), win.run('echo framed')])
    expect([raw.trim(), framed.stdout]).toEqual(['raw', 'framed'])
  })

  test('shows its screen by VNC', async () => {
    expect(await screenOf(port.screen)).toEqual({ width: 1024, height: 768, name: expect.stringContaining('m1') })
  })

  test('has QEMU’s monitor for a person', async () => {
    const said = await talk(port.monitor, 'info status\r', /VM status: \w+/)
    expect(stripVTControlCharacters(said)).toMatch(/QEMU [\d.]+ monitor.*VM status: running/s)
  })

  test('has QEMU’s guest agent, which osrun itself uses besides', async () => {
    expect(await talk(port.guestAgent, '{"execute":"guest-ping"}\n', /\n/)).toBe('{"return": {}}\n')
    await win.clock.set(new Date('2030-01-02T03:04:05Z'))
    expect(await talk(port.guestAgent, '{"execute":"guest-get-time"}\n', /\n/)).toMatch(/^\{"return": 18935\d+\}\n$/)
  })

  test('has the same ports after it was restored', async () => {
    await win.writeFile('C:\\before.txt', '')
    await win.restore()
    expect(await ncat(port.agent, 'dir /b C:\\\r\n')).not.toContain('before.txt')
    expect(await screenOf(port.screen)).toMatchObject({ width: 1024 })
    expect(await talk(port.monitor, 'info status\r', /VM status: \w+/)).toContain('running')
  })

  test('a second machine has ports of its own, which end with it', async () => {
    const other = await server.acquire({ guest: 'wine' })
    const [id] = /m\d+/.exec(other.viewerUrl) ?? expect.fail(other.viewerUrl)
    const ports = portsOf(lines, id)
    expect(new Set([...Object.values(port), ...Object.values(ports)]).size).toBe(8)
    expect(await ncat(ports.agent, 'echo I am the other\r\n')).toContain('I am the other')
    await other[Symbol.asyncDispose]()
    await expect(ncat(ports.agent, 'ver\r\n')).rejects.toThrow('ECONNREFUSED')
  })
})

test('a machine that was not started exposed says nothing to a person, and runs nothing', async () => {
  await using server = await startServer({ runtime: 'host' })
  await using win = await server.acquire()
  const { port } = await win.port(5454)
  expect(await ncat(port, 'echo gotcha> C:\\gotcha.txt\r\n').catch(() => '')).toBe('')
  expect(await win.exists('C:\\gotcha.txt')).toBe(false)
})

test('osrun --expose says so without being asked what it does', async () => {
  const child = execa(process.execPath, ['src/cli/main.ts', '--expose', 'ping -n 1000 127.0.0.1'], {
    ...{ reject: false, stdin: 'ignore', env: { OSRUN_RUNTIME: 'host' } },
  })
  const said = await hear(child.stderr)(/raw dialect.*\n/)
  expect(said).toMatch(/^osrun: WARNING: --expose: /m)
  expect(said).not.toMatch(/accelerator|desktop/)
  const { monitor, agent } = portsOf(said.split('\n'), 'm1')
  expect(await talk(monitor, 'info status\r', /VM status: \w+/)).toContain('running')
  expect(await ncat(agent, 'ver\r\n')).toContain('Microsoft Windows')
  child.kill('SIGTERM')
  expect((await child).exitCode).toBe(143)
})
