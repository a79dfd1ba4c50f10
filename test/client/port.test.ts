import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { acquireWin } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import {
  decodeJson,
  decodeWindow,
  encodeFrame,
  encodeJsonFrame,
  encodeWindow,
  frameType,
} from '../../src/protocol/frames.ts'
import { type OtherFrames, request, startPeer } from './peer.ts'

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

async function start(frames: OtherFrames): Promise<Win> {
  const peer = await startPeer({}, undefined, frames)
  const win = await acquireWin(peer, request)
  open.push(peer, win)
  return win
}

/** A server in the guest that says what it hears, in upper case. */
const echo: OtherFrames = ({ type, stream, payload }, send) => {
  if (type === frameType.connect) {
    send(encodeJsonFrame(frameType.started, stream, {}))
  } else if (type === frameType.dataIn) {
    send(encodeWindow(stream, 0, payload.length))
    send(encodeFrame(frameType.dataOut, stream, Buffer.from(Buffer.from(payload).toString().toUpperCase())))
  } else if (type === frameType.closeIn) {
    send(encodeFrame(frameType.eofOut, stream))
    send(encodeJsonFrame(frameType.done, stream, {}))
  }
}

test('a port leads to the server in the guest, both ways and to both ends', async () => {
  const win = await start(echo)
  const { host, port } = await win.port(8080)
  expect(host).toBe('127.0.0.1')
  const socket = connect({ host, port })
  socket.end('hello')
  expect(await text(socket)).toBe('HELLO')
})

test('the same port is given for each call, and another one for another port', async () => {
  const asked: unknown[] = []
  const win = await start((frame, send) => {
    if (frame.type === frameType.connect) {
      asked.push(decodeJson(frame.payload))
    }
    echo(frame, send)
  })
  const [first, again, other] = [await win.port(80), await win.port(80), await win.port(81)]
  expect(again).toEqual(first)
  expect(other.port).not.toBe(first.port)
  const socket = connect(other)
  socket.end('x')
  await text(socket)
  expect(asked).toEqual([{ port: 81 }])
})

test('a connection that the guest refuses is reset', async () => {
  const win = await start(({ type, stream }, send) => {
    if (type === frameType.connect) {
      send(encodeJsonFrame(frameType.error, stream, { code: 'CONNECT_FAILED', win32: 10061, message: 'refused' }))
    }
  })
  const socket = connect(await win.port(8080))
  const [error] = await once(socket, 'error')
  expect(error).toMatchObject({ code: 'ECONNRESET' })
})

test('a reader that does not read holds the guest back, and gets all of it', async () => {
  const total = 4 * 2 ** 20
  let credit = 256 * 1024
  let sent = 0
  const win = await start(({ type, stream, payload }, send) => {
    const more = () => {
      while (credit > 0 && sent < total) {
        const length = Math.min(credit, 65536, total - sent)
        credit -= length
        sent += length
        send(encodeFrame(frameType.dataOut, stream, new Uint8Array(length)))
      }
      if (sent === total) {
        sent += 1
        send(encodeFrame(frameType.eofOut, stream))
      }
    }
    if (type === frameType.connect) {
      more()
    } else if (type === frameType.window) {
      credit += decodeWindow(payload).add
      more()
    }
  })
  const socket = connect(await win.port(8080))
  await once(socket, 'connect')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await buffer(socket)).toHaveLength(total)
})

test('a client that goes ends the connection in the guest', async () => {
  const killed = Promise.withResolvers<void>()
  const win = await start(({ type, stream }, send) => {
    if (type === frameType.connect) {
      send(encodeJsonFrame(frameType.started, stream, {}))
    } else if (type === frameType.kill) {
      killed.resolve()
    }
  })
  const socket = connect(await win.port(8080))
  await once(socket, 'connect')
  socket.resetAndDestroy()
  await killed.promise
})

test.for([0, 65536, 1.5, Number.NaN])('port %d is refused', async (port) => {
  const win = await start(() => {})
  await expect(win.port(port)).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('after the machine is given back its ports are closed', async () => {
  const win = await start(echo)
  const address = await win.port(8080)
  await win[Symbol.asyncDispose]()
  const socket = connect(address)
  const [error] = await once(socket, 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})
