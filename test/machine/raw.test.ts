import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { type Served, serve } from '../../src/server/serve.ts'

const token = 'a token of this test'

/** What a person at a terminal does: `printf '...' | ncat 127.0.0.1 <port>`. */
async function ncat(port: number, said: string): Promise<string> {
  const socket = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.end(said)
  return text(socket)
}

describe('a machine that was started exposed', () => {
  const lines: string[] = []
  let served: Served
  let server: OsrunServer
  let win: Win
  let port: number

  beforeAll(async () => {
    served = await serve({
      ...{ host: '127.0.0.1', port: 0, token, version: '0', expose: true },
      ...{ cache: defaultCache(process.env), accel: 'auto', log: (line) => lines.push(line) },
    })
    server = await connect({ url: served.url, token })
    win = await server.acquire({ guest: 'wine' })
    port = Number(/127\.0\.0\.1:(\d+)/.exec(lines.find((line) => line.includes('--expose')) ?? '')?.[1])
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await served?.close()
  })

  test('says where it answers, and warns', () => {
    expect(lines.join('\n')).toMatch(/warning/i)
    expect(port).toBeGreaterThan(0)
  })

  test('answers a line with what the command says', async () => {
    expect(await ncat(port, 'ver\r\n')).toContain('Microsoft Windows')
  })

  test('gives what follows to the command as its stdin, and both of its outputs back', async () => {
    const said = await ncat(port, 'findstr word & dir C:\\missing\none word\ntwo\nthird word\n')
    expect(said.replaceAll('\r\n', '\n')).toContain('one word\nthird word\n')
    expect(said).not.toContain('two')
    expect(said).toMatch(/not found|cannot find/i)
  })

  test('ends the command when the person goes', async () => {
    const socket = connectSocket({ host: '127.0.0.1', port })
    socket.write('for /l %i in (1,1,1000) do @(echo %i & ping -n 2 127.0.0.1 > nul)\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.resetAndDestroy()
    await expect.poll(async () => (await win.run('tasklist')).stdout, { timeout: 60_000 }).not.toMatch(/ping/i)
  })

  test('is no worse for its own client', async () => {
    const [raw, framed] = await Promise.all([ncat(port, 'echo raw\r\n'), win.run('echo framed')])
    expect([raw.trim(), framed.stdout]).toEqual(['raw', 'framed'])
  })
})

test('a machine that was not started exposed says nothing to a person, and runs nothing', async () => {
  await using server = await startServer({ runtime: 'host' })
  await using win = await server.acquire()
  const { port } = await win.port(5454)
  expect(await ncat(port, 'echo gotcha> C:\\gotcha.txt\r\n').catch(() => '')).toBe('')
  expect(await win.exists('C:\\gotcha.txt')).toBe(false)
})
