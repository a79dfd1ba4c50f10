import { expect, test } from 'vitest'
import { connect, startServer } from '../../src/client/index.ts'
import { startPeer } from './peer.ts'

test('a machine room is held open, gives machines, and takes them back at its end', async () => {
  await using peer = await startPeer({}, (command) => {
    command.out('hello')
    command.exit(0)
  })
  const server = await connect(peer)
  const win = await server.acquire({ snapshot: 'git', label: 'mine' })
  expect((await win.run('x')).stdout).toBe('hello')
  expect(peer.sockets.size).toBe(2)
  await server[Symbol.asyncDispose]()
  await expect.poll(() => peer.sockets.size).toBe(0)
  expect(peer.asked).toEqual([
    { method: 'hold', params: {} },
    {
      method: 'acquire',
      params: { guest: 'wine', snapshot: 'git', label: 'mine', clock: 'sync', network: 'isolated' },
    },
    { method: 'release', params: {} },
  ])
  await expect(win.run('x')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test('a server that is started makes its guest ready, and tells how far it is', async () => {
  await using peer = await startPeer({
    install: (_, socket) => {
      socket.send('{"event":"progress","phase":"unpacking"}')
      return { built: true }
    },
  })
  const phases: string[] = []
  const { url, token } = peer
  await using server = await startServer({
    runtime: { url, token },
    guest: 'win11',
    onProgress: ({ phase }) => phases.push(phase),
  })
  await using win = await server.acquire()
  expect(win.guest).toBe('wine')
  expect(phases).toEqual(['unpacking'])
  expect(peer.asked.slice(0, 2)).toEqual([
    { method: 'hold', params: {} },
    { method: 'install', params: { guest: 'win11' } },
  ])
  expect(peer.asked.at(-1)?.params).toMatchObject({ guest: 'win11' })
})

test('a guest that cannot be made ready leaves no connection behind', async () => {
  await using peer = await startPeer({ install: () => ({ error: { code: 'DISK_FULL', message: 'No room.' } }) })
  const { url, token } = peer
  await expect(startServer({ runtime: { url, token } })).rejects.toMatchObject({ code: 'DISK_FULL' })
  await expect.poll(() => peer.sockets.size).toBe(0)
})

test('a bad option is told before anything starts', async () => {
  await expect(startServer({ machines: 0 })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining('`machines` in the options of `startServer`'),
  })
})
