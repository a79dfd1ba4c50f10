import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { AgentLink } from '../../src/machines/agent-link.ts'
import {
  decodeJson,
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  frameType,
} from '../../src/protocol/frames.ts'

let server: Server | undefined
const sockets: Socket[] = []

afterEach(() => {
  server?.close()
  for (const socket of sockets.splice(0)) {
    socket.destroy()
  }
})

const nonce = '0123456789abcdef0123456789abcdef'
const hello = encodeJsonFrame(frameType.hello, 0, {
  ...{ magic: 'osrun', version: 1, nonce, time: 1, uptime: 1, clock: 'kept' },
})

/** A link to an agent that says hello and gives all that it then hears to `hear`. */
async function link(hear: (frame: Frame, socket: Socket) => void, raw?: boolean) {
  const greetings: Record<string, unknown>[] = []
  server = createServer((socket) => {
    sockets.push(socket)
    const decoder = new FrameDecoder()
    socket.on('data', (piece) => {
      for (const frame of decoder.push(piece)) {
        if (frame.type === frameType.hello) {
          greetings.push(decodeJson(frame.payload))
          socket.write(hello)
        } else {
          hear(frame, socket)
        }
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const greeting = { secret: 'abcdef', setClock: false, ...(raw === undefined ? {} : { raw }) }
  return { greetings, agent: await AgentLink.open(port, greeting, AbortSignal.timeout(5000)) }
}

test.each([[undefined], [true]])('a greeting asks for the raw dialect only where it is told to (%s)', async (raw) => {
  const { greetings } = await link(() => {}, raw)
  expect(greetings[0]?.['raw']).toBe(raw)
})

test('answers about the clock belong to those who asked, in order', async () => {
  let time = 0
  const { agent } = await link((frame, socket) => {
    const { set } = decodeJson(frame.payload)
    time = typeof set === 'number' ? set : time + 1
    socket.write(encodeJsonFrame(frameType.clock, 0, { time, clock: set === undefined ? 'kept' : 'set' }))
  })
  expect(await Promise.all([agent.clock(), agent.clock(1000), agent.clock()])).toEqual([
    { time: 1, clock: 'kept' },
    { time: 1000, clock: 'set' },
    { time: 1001, clock: 'kept' },
  ])
})

test('a pong is the answer to a ping and nothing that others hear', async () => {
  const { agent } = await link((frame, socket) => socket.write(encodeFrame(frameType.pong, 0, frame.payload)))
  agent.on('frame', () => expect.unreachable())
  await agent.ping()
})

test('who waits for an answer is told when the link ends, and so is whoever asks later', async () => {
  const { agent } = await link((_, socket) => socket.destroy())
  await expect(agent.clock()).rejects.toMatchObject({ code: 'MACHINE_UNRESPONSIVE' })
  expect(agent.lost).toMatchObject({ code: 'MACHINE_UNRESPONSIVE' })
  await expect(agent.ping()).rejects.toBe(agent.lost)
})

test('a clock that is no clock ends the link', async () => {
  const { agent } = await link((_, socket) => socket.write(encodeJsonFrame(frameType.clock, 0, { time: 'noon' })))
  await expect(agent.clock()).rejects.toMatchObject({ code: 'AGENT_PROTOCOL' })
})

test('a link that is closed says the reason it was given, once', async () => {
  const { agent } = await link(() => {})
  const reasons: string[] = []
  agent.on('closed', ({ message }) => reasons.push(message))
  agent.close()
  agent.close()
  expect(reasons).toEqual(['The link to the agent was closed.'])
})
