import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Qmp } from '../../src/machines/qmp.ts'

let server: Server | undefined
const sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) {
    socket.destroy()
  }
  server?.close()
})

/** A client and the peer's end of its socket. */
async function pair(): Promise<{ qmp: Qmp; peer: Socket }> {
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const address = server.address()
  const client = connect({ host: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0 })
  const [peer] = await accepted
  sockets.push(client, peer)
  return { qmp: new Qmp(client), peer }
}

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n'

test('a greeting that comes one byte at a time is understood', async () => {
  const { qmp, peer } = await pair()
  const ready = qmp.negotiate()
  for (const byte of Buffer.from(greeting)) {
    peer.write(Buffer.from([byte]))
  }
  const [command] = (await once(peer, 'data')) as [Buffer]
  expect(JSON.parse(command.toString())).toMatchObject({ execute: 'qmp_capabilities', id: 1 })
  peer.write('{"return": {}, "id": 1}\r\n')
  await ready
})

test("QEMU's refusal is an error with its words and the command", async () => {
  const { qmp, peer } = await pair()
  const answer = qmp.execute('nonsense')
  peer.write('{"error": {"class": "CommandNotFound", "desc": "The command nonsense has not been found"}, "id": 1}\n')
  await expect(answer).rejects.toMatchObject({
    code: 'QMP_FAILED',
    message: 'QEMU refused `nonsense`: The command nonsense has not been found',
  })
})

test('an event between a command and its answer reaches who waits for it', async () => {
  const { qmp, peer } = await pair()
  const stopped = qmp.next(({ event }) => event === 'STOP')
  const answer = qmp.execute('stop')
  peer.write('{"event": "STOP", "timestamp": {}}\n{"return": {"a": 1}, "id": 1}\n')
  await expect(answer).resolves.toEqual({ a: 1 })
  await expect(stopped).resolves.toMatchObject({ event: 'STOP' })
})

test('commands in flight, waits and later commands fail when QEMU ends', async () => {
  const { qmp, peer } = await pair()
  const answer = qmp.execute('cont')
  const event = qmp.next(() => true)
  peer.destroy()
  await expect(answer).rejects.toThrow('QEMU ended before it answered `cont`.')
  await expect(event).rejects.toThrow('closed while an event was awaited')
  await expect(qmp.execute('cont')).rejects.toThrow('closed; `cont` was not sent')
})

test('a reset connection fails what waits, and nothing else', async () => {
  const { qmp, peer } = await pair()
  const answer = qmp.execute('cont')
  await once(peer, 'data')
  peer.resetAndDestroy()
  await expect(answer).rejects.toThrow('QEMU ended before it answered `cont`.')
})

test('a command without an answer reaches its deadline', async () => {
  const { qmp } = await pair()
  await expect(qmp.execute('cont', undefined, 20)).rejects.toThrow('QEMU did not answer `cont` within 20 ms.')
})

test('a line that is no JSON ends the connection', async () => {
  const { qmp, peer } = await pair()
  const answer = qmp.execute('cont')
  peer.write('garbage\n')
  await expect(answer).rejects.toMatchObject({ code: 'QMP_FAILED' })
})
