import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentLink } from '../../src/machines/agent-link.ts'
import { runCommand } from '../../src/machines/run-command.ts'
import { decodeJson, encodeFrame, encodeJsonFrame, type Frame, frameType } from '../../src/protocol/frames.ts'
import { bareMachine, secret } from './bare-machine.ts'
import { type Fault, type FaultProxy, garbage, intact, late, oneByteAtATime, startFaultProxy } from './fault-proxy.ts'

const given = bareMachine()
let proxy: FaultProxy

beforeEach(async () => {
  proxy = await startFaultProxy(given.port)
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
})

function greet(): Promise<AgentLink> {
  return AgentLink.open(proxy.port, { secret, setClock: false }, AbortSignal.timeout(30_000))
}

/** A frame's header that no side may send. */
function header(field: 'length' | 'flags'): Uint8Array {
  const bytes = encodeFrame(frameType.ping, 0)
  bytes[field === 'length' ? 11 : 1] = 0xff
  return bytes
}

async function nextError(link: AgentLink): Promise<Record<string, unknown>> {
  for (;;) {
    const [frame] = (await once(link, 'frame', { signal: AbortSignal.timeout(30_000) })) as [Frame]
    if (frame.type === frameType.error && frame.stream === 0) {
      return decodeJson(frame.payload)
    }
  }
}

/** The proof that the agent took no harm. */
async function agentIsWell(): Promise<void> {
  proxy.toAgent = proxy.toHost = intact
  const link = await greet()
  expect(await runCommand(link, 'cmd /d /s /c "exit 5"', 60_000)).toBe(5)
  link.close()
}

describe('bytes that come through late or in pieces are the same bytes', () => {
  test.for<[string, Fault]>([
    ['one byte at a time', oneByteAtATime],
    ['each piece 20 ms late', late(20)],
  ])('%s', async ([_, fault]) => {
    proxy.toAgent = proxy.toHost = fault
    const link = await greet()
    expect(await runCommand(link, 'cmd /d /s /c "exit 3"', 60_000)).toBe(3)
    link.close()
  })
})

describe('a cut', () => {
  test('in the middle of a command ends it on both sides', async () => {
    const link = await greet()
    const closed = once(link, 'closed')
    const lost = runCommand(link, 'ping -n 1000 127.0.0.1', 60_000)
    lost.catch(() => {})
    await once(link, 'frame')
    proxy.cut()
    await closed
    await expect(lost).rejects.toMatchObject({ code: 'MACHINE_UNRESPONSIVE' })
    const next = await greet()
    // findstr ends with 1 where no line has the word.
    const look = 'cmd /d /s /c "tasklist | findstr /i ping"'
    await expect.poll(() => runCommand(next, look, 60_000), { timeout: 30_000 }).toBe(1)
    next.close()
  })

  test('in the middle of a frame to the agent leaves it well', async () => {
    const link = await greet()
    let passed = 0
    proxy.toAgent = function* (piece) {
      passed += 1
      yield piece.subarray(0, 7)
      proxy.cut()
    }
    link.send(encodeJsonFrame(frameType.exec, 1, { commandLine: 'cmd /c exit', stdin: 'null' }))
    await once(link, 'closed')
    expect(passed).toBe(1)
    await agentIsWell()
  })
})

describe('garbage to the agent', () => {
  test.for<[string, Uint8Array]>([
    ['a frame of 4 GiB', header('length')],
    ['a frame with flags', header('flags')],
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a second HELLO', encodeJsonFrame(frameType.hello, 0, { magic: 'osrun' })],
    ['a command without a stream', encodeJsonFrame(frameType.exec, 0, { commandLine: 'x', stdin: 'null' })],
    ['a window that is none', encodeFrame(frameType.window, 1, Uint8Array.of(1))],
  ])('%s ends the connection with its reason, and the agent is well', async ([_, bytes]) => {
    const link = await greet()
    proxy.toAgent = garbage(bytes)
    const error = nextError(link)
    const closed = once(link, 'closed')
    link.send(encodeFrame(frameType.ping, 0))
    expect(await error).toMatchObject({ code: 'BAD_FRAME' })
    await closed
    await agentIsWell()
  })

  test('more input than was granted ends the connection', async () => {
    const link = await greet()
    const error = nextError(link)
    link.send(encodeJsonFrame(frameType.exec, 1, { commandLine: 'ping -n 100 127.0.0.1', stdin: 'pipe' }))
    for (let index = 0; index < 6; index += 1) {
      link.send(encodeFrame(frameType.dataIn, 1, new Uint8Array(65536)))
    }
    expect(await error).toMatchObject({ code: 'BAD_FRAME' })
    await agentIsWell()
  })

  test('before any HELLO is nobody’s', async () => {
    proxy.toAgent = () => [Buffer.from('\x16\x03\x01\x02\x00 not a frame at all, and longer than a header')]
    const refused = AgentLink.open(proxy.port, { secret, setClock: false }, AbortSignal.timeout(3000))
    await expect(refused).rejects.toThrow()
    await agentIsWell()
  })
})

describe('garbage from the agent', () => {
  test.for<[string, Uint8Array]>([
    ['a frame of 4 GiB', header('length')],
    ['a frame with flags', header('flags')],
    ['random bytes', Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 11) % 256)],
  ])('%s is a breach of the protocol', async ([_, bytes]) => {
    const link = await greet()
    proxy.toHost = garbage(bytes)
    const closed = once(link, 'closed', { signal: AbortSignal.timeout(30_000) })
    link.send(encodeFrame(frameType.ping, 0))
    expect((await closed)[0]).toMatchObject({ code: 'AGENT_PROTOCOL' })
    await agentIsWell()
  })
})

test('a wrong secret is refused, and whoever has the right one keeps the machine', async () => {
  const link = await greet()
  const stranger = AgentLink.open(proxy.port, { secret: 'ffff', setClock: false }, AbortSignal.timeout(10_000))
  await expect(stranger).rejects.toMatchObject({
    code: 'AGENT_PROTOCOL',
    message: expect.stringContaining('WRONG_SECRET'),
  })
  expect(await runCommand(link, 'cmd /d /s /c "exit 6"', 60_000)).toBe(6)
  link.close()
})
