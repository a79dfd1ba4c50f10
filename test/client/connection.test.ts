import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { type Answers, lease, type Peer, startPeer, token } from './peer.ts'

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

async function start(answers: Answers = {}): Promise<{ peer: Peer; connection: Connection }> {
  const peer = await startPeer(answers)
  const connection = await Connection.open(peer)
  open.push(peer, { [Symbol.asyncDispose]: () => connection.close() })
  return { peer, connection }
}

const acquire = { guest: 'wine', snapshot: 'provisioned', label: 'a test', clock: 'sync', network: 'isolated' } as const

describe('opening', () => {
  test('a wrong token is told as such', async () => {
    const { peer } = await start()
    await expect(Connection.open({ url: peer.url, token: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('OSRUN_TOKEN'),
    })
  })

  test('a port where nothing listens is told with the next step', async () => {
    const { peer } = await start()
    await peer[Symbol.asyncDispose]()
    await expect(Connection.open(peer)).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringMatching(/ECONNREFUSED.*osrun serve/),
    })
  })

  test('a web server that knows nothing of machines is told by its answer', async () => {
    const url = await listen(createServer((_, response) => response.writeHead(404).end()))
    await expect(Connection.open({ url, token })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('404'),
    })
  })

  test('a server that closes at once is told', async () => {
    const url = await listen(createTcpServer((socket) => socket.destroy()))
    await expect(Connection.open({ url, token })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })

  test('a signal ends the wait for a server that says nothing', async () => {
    const silent = createTcpServer()
    const url = await listen(silent)
    const signal = new AbortController()
    const opening = Connection.open({ url, token, signal: signal.signal })
    signal.abort(new Error('no longer wanted'))
    await expect(opening).rejects.toMatchObject({ code: 'CANCELED', cause: new Error('no longer wanted') })
  })

  test.for(['nonsense', 'ftp://127.0.0.1', ''])('%j is no address of a machine room', async (url) => {
    await expect(Connection.open({ url, token })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

describe('a request', () => {
  test('is answered by its own answer, in whatever order answers come', async () => {
    const later = Promise.withResolvers<void>()
    const { connection } = await start({
      acquire: async () => {
        await later.promise
        return lease
      },
      drain: () => ({ left: 3 }),
    })
    const first = connection.request('acquire', acquire)
    expect(await connection.request('drain', { deadline: 1 })).toEqual({ left: 3 })
    later.resolve()
    expect(await first).toEqual(lease)
  })

  test('fails with the code and the words of the server', async () => {
    const { connection } = await start({
      acquire: () => ({ error: { code: 'SNAPSHOT_NOT_FOUND', message: 'No snapshot "x".' } }),
    })
    await expect(connection.request('acquire', acquire)).rejects.toMatchObject({
      name: 'OsrunError',
      code: 'SNAPSHOT_NOT_FOUND',
      message: 'No snapshot "x".',
    })
  })

  test('keeps the words of a failure whose code it does not know', async () => {
    const { connection } = await start({ acquire: () => ({ error: { code: 'FROM_THE_FUTURE', message: 'Well.' } }) })
    await expect(connection.request('acquire', acquire)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'FROM_THE_FUTURE: Well.',
    })
  })

  test('fails where the answer has another shape', async () => {
    const { connection } = await start({ acquire: () => ({ machine: 7 }) })
    await expect(connection.request('acquire', acquire)).rejects.toMatchObject({ code: 'SERVER_PROTOCOL' })
  })

  test('ends at its deadline, and an answer that comes later is not taken for another', async () => {
    const answers = Promise.withResolvers<void>()
    const { connection } = await start({
      drain: async () => {
        await answers.promise
        return { left: 1 }
      },
      acquire: () => lease,
    })
    await expect(connection.request('drain', { deadline: 0 }, { deadline: 20 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('drain'),
    })
    answers.resolve()
    expect(await connection.request('acquire', acquire)).toEqual(lease)
    expect(connection.lost).toBeUndefined()
  })

  test('ends with its signal', async () => {
    const { connection } = await start({ acquire: () => undefined })
    const signal = new AbortController()
    const waiting = connection.request('acquire', acquire, { signal: signal.signal })
    signal.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
    await expect(connection.request('acquire', acquire, { signal: signal.signal })).rejects.toMatchObject({
      code: 'CANCELED',
    })
  })

  test('fails at once when the server goes away, and so do all later ones', async () => {
    const { peer, connection } = await start({ acquire: () => undefined })
    const waiting = connection.request('acquire', acquire)
    for (const socket of peer.sockets) {
      socket.terminate()
    }
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await expect(connection.request('snapshots', {})).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('fails when the connection is closed on this side, with the reason', async () => {
    const { connection } = await start({ acquire: () => undefined })
    const waiting = connection.request('acquire', acquire)
    await Promise.all([
      connection.close('we are done'),
      expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST', message: 'we are done' }),
    ])
    await connection.close()
  })
})

describe('a server that breaks the protocol', () => {
  test.for<[string, string | Uint8Array]>([
    ['text that is no JSON', 'hello'],
    ['JSON that is no message', '[1, 2]'],
    ['an answer without a result', '{"id":1}'],
    ['bytes that are no frames', Buffer.alloc(12, 0xff)],
  ])('ends the connection with %s', async ([_, garbage]) => {
    const { peer, connection } = await start({ acquire: () => undefined })
    const waiting = connection.request('acquire', acquire)
    for (const socket of peer.sockets) {
      socket.send(garbage)
    }
    await expect(waiting).rejects.toMatchObject({ code: 'SERVER_PROTOCOL' })
  })

  test('but events that are not known, and answers to nothing, are passed over', async () => {
    const { connection } = await start({
      acquire: (_, socket) => {
        socket.send('{"event":"of-the-future","x":1}')
        socket.send('{"event":"progress"}')
        socket.send('{"id":4711,"result":null}')
        return lease
      },
    })
    expect(await connection.request('acquire', acquire)).toEqual(lease)
  })
})

test('progress and the loss of a machine are told to listeners', async () => {
  const { connection } = await start({
    install: (_, socket) => {
      socket.send('{"event":"progress","phase":"unpacking","percent":40}')
      socket.send('{"event":"link-lost","error":{"code":"MACHINE_CRASHED","message":"QEMU exited."},"retrying":false}')
      return { built: true }
    },
  })
  const heard: unknown[] = []
  connection.listen({
    progress: (progress) => heard.push(progress),
    linkLost: ({ code, message }) => heard.push({ code, message }),
  })
  await connection.request('install', { guest: 'wine' })
  expect(heard).toEqual([
    { phase: 'unpacking', percent: 40 },
    { code: 'MACHINE_CRASHED', message: 'QEMU exited.' },
  ])
})

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  })
  const address = server.address()
  return `ws://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
