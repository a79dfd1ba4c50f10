import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, encodeJsonFrame, encodeWindow, FrameDecoder, frameType } from '../../src/protocol/frames.ts'
import { AgentModel, type Purpose } from './agent-model.ts'
import { bareMachine, secret } from './bare-machine.ts'

const given = bareMachine()
const sequences = 12
const patience = 60_000

const opening = fc.record({
  do: fc.constant('open' as const),
  purpose: fc.constantFrom<Purpose>('read', 'read', 'list', 'stat', 'missing', 'write', 'write', 'command', 'refused'),
})
const stream = fc.nat({ max: 30 })
const legal = fc.oneof(
  { weight: 5, arbitrary: opening },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('data' as const), stream, length: fc.nat({ max: 70_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('window' as const),
      stream,
      channel: fc.constantFrom<1 | 2>(1, 2),
      add: fc.nat({ max: 300_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const), stream, wrong: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('closeIn' as const, 'kill' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), stream }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('unknown' as const), stream, type: fc.integer({ min: 0x60, max: 0xff }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ping' as const), payload: fc.uint8Array({ maxLength: 64 }) }) },
)
type Action = typeof legal extends fc.Arbitrary<infer A> ? A : never

/** What breaks the protocol, whatever was said before. */
const breaches: readonly Uint8Array[] = [
  encodeJsonFrame(frameType.hello, 0, { magic: 'osrun' }),
  encodeJsonFrame(frameType.exec, 0, { commandLine: 'x', stdin: 'null' }),
  encodeJsonFrame(frameType.file, 0, { op: 'stat', path: 'C:\\' }),
  encodeFrame(frameType.window, 7, Uint8Array.of(0, 1, 0, 0, 0)),
  encodeFrame(frameType.window, 7, Uint8Array.of(1)),
  Uint8Array.of(frameType.ping, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(frameType.ping, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
  encodeFrame(frameType.ping, 0, new Uint8Array(65)),
]

async function greet(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: given.port, noDelay: true })
  const hello = { magic: 'osrun', min: 1, max: 1, time: Date.now(), secret, setClock: false, attempt: 1_000_000 }
  socket.write(encodeJsonFrame(frameType.hello, 0, hello))
  socket.on('error', () => {})
  return socket
}

const readable = 'C:\\windows\\win.ini'

/** Opens a stream for a purpose. */
function request(number: number, purpose: Purpose): Uint8Array {
  const file = (value: object) => encodeJsonFrame(frameType.file, number, value)
  switch (purpose) {
    case 'command':
      return encodeJsonFrame(frameType.exec, number, { commandLine: `cmd /c echo ${number}`, stdin: 'pipe' })
    case 'read':
      return file({ op: 'read', path: 'C:\\model.bin' })
    case 'list':
      return file({ op: 'list', path: 'C:\\windows\\system32' })
    case 'stat':
      return file({ op: 'stat', path: readable })
    case 'missing':
      return file({ op: 'read', path: 'C:\\no such file' })
    case 'write':
      return file({ op: 'write', path: `C:\\model\\${number}.bin` })
    case 'refused':
      return file({ op: 'dance', path: 'C:\\' })
  }
}

class Run {
  readonly model = new AgentModel()
  readonly #socket: Socket
  readonly #content: Buffer
  #last = 0

  constructor(socket: Socket, content: Buffer) {
    this.#socket = socket
    this.#content = content
    const decoder = new FrameDecoder()
    let greeted = false
    socket.on('data', (bytes) => {
      for (const frame of decoder.push(bytes)) {
        if (greeted) {
          this.model.receive(frame)
        }
        greeted = true
      }
    })
  }

  act(action: Action): void {
    const number = 'stream' in action ? (action.stream % Math.max(this.#last + 2, 1)) + 1 : 0
    switch (action.do) {
      case 'open':
        this.#open(action.purpose)
        break
      case 'data': {
        const bytes = Buffer.alloc(action.length, number)
        if (this.model.send(number, bytes)) {
          this.#say(encodeFrame(frameType.dataIn, number, bytes))
        }
        break
      }
      case 'window':
        this.model.grant(number, action.channel, action.add)
        this.#say(encodeWindow(number, action.channel, action.add))
        break
      case 'commit': {
        const { size, digest } = this.model.sum(number)
        this.model.end(number)
        this.#say(encodeJsonFrame(frameType.commit, number, { size, digest: action.wrong ? '00000001' : digest }))
        break
      }
      case 'closeIn':
      case 'kill':
        this.model.end(number)
        this.#say(encodeFrame(frameType[action.do], number))
        break
      case 'resize':
        this.#say(encodeFrame(frameType.resize, number, Uint8Array.of(80, 0, 25, 0)))
        break
      case 'again':
        if (this.model.livesOn(number)) {
          this.#say(request(number, 'stat'))
        }
        break
      case 'unknown':
        this.#say(encodeFrame(action.type, number, Buffer.from('whatever')))
        break
      case 'ping':
        this.model.pings.push(Buffer.from(action.payload).toString('hex'))
        this.#say(encodeFrame(frameType.ping, 0, action.payload))
        break
    }
  }

  /** Gives credit to all that still runs, ends it, and waits until it is over. */
  async finish(): Promise<void> {
    for (const number of this.model.live) {
      for (const channel of [1, 2] as const) {
        this.model.grant(number, channel, 2 ** 24)
        this.#say(encodeWindow(number, channel, 2 ** 24))
      }
      this.#say(encodeFrame(frameType.closeIn, number))
      this.#say(encodeFrame(frameType.kill, number))
    }
    await expect.poll(() => this.model.live, { timeout: patience, interval: 20 }).toEqual([])
    await expect.poll(() => this.model.pings, { timeout: patience }).toEqual([])
  }

  async breach(bytes: Uint8Array): Promise<void> {
    this.model.broken = true
    const closed = once(this.#socket, 'close', { signal: AbortSignal.timeout(patience) })
    this.#say(bytes)
    await closed
    expect(this.model.refusal).toBe('BAD_FRAME')
  }

  #open(purpose: Purpose): void {
    // The agent has room for 64.
    if (this.model.live.length >= 40) {
      return
    }
    this.#last += 1
    const number = this.#last
    const expected = { command: Buffer.from(`${number}\r\n`), read: this.#content, missing: Buffer.alloc(0) }
    this.model.open(number, purpose, expected[purpose as keyof typeof expected])
    this.#say(request(number, purpose))
  }

  #say(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }
}

/** A file of more than one window, with other bytes at each place. @returns what is in it */
async function makeContent(): Promise<Buffer> {
  const part = Buffer.from(
    Array.from({ length: 6000 }, (_, index) => `${index}: some text to make it long`).join('\r\n'),
  )
  const digest = crc32(part).toString(16).padStart(8, '0')
  const socket = await greet()
  socket.write(encodeJsonFrame(frameType.file, 1, { op: 'write', path: 'C:\\part.bin' }))
  for (let at = 0; at < part.length; at += 65_536) {
    socket.write(encodeFrame(frameType.dataIn, 1, part.subarray(at, at + 65_536)))
  }
  socket.write(encodeJsonFrame(frameType.commit, 1, { size: part.length, digest }))
  const commandLine = 'cmd /c copy /b C:\\part.bin+C:\\part.bin+C:\\part.bin C:\\model.bin'
  const decoder = new FrameDecoder()
  for await (const bytes of socket) {
    for (const { type, payload } of decoder.push(bytes)) {
      if (type === frameType.done) {
        socket.write(encodeJsonFrame(frameType.exec, 2, { commandLine, stdin: 'null' }))
      } else if (type === frameType.exit) {
        socket.destroy()
        return Buffer.concat([part, part, part])
      } else if (type === frameType.error) {
        expect.fail(String(payload))
      }
    }
  }
  return expect.fail('the agent closed the connection')
}

test('an agent does what its model allows, whatever it is told, and survives what breaks the protocol', async () => {
  const content = await makeContent()
  const property = fc.asyncProperty(
    fc.array(legal, { minLength: 20, maxLength: 80 }),
    fc.constantFrom(...breaches),
    async (actions, breach) => {
      const run = new Run(await greet(), content)
      for (const action of actions) {
        run.act(action)
      }
      await run.finish()
      await run.breach(breach)
      expect(run.model.violations).toEqual([])
    },
  )
  await fc.assert(property, { numRuns: sequences, seed: 1125, endOnFailure: true })
  const socket = await greet()
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer[0]).toBe(frameType.hello)
  socket.destroy()
})
