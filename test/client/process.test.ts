import { expect, test } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { GuestProcess, type OutputListener } from '../../src/client/process.ts'
import { Streams } from '../../src/client/streams.ts'
import { type GuestCommand, startPeer } from './peer.ts'

const request = { commandLine: 'x', stdin: 'null' } as const

test('output is granted as it is consumed: a reader that stops stops the guest', async () => {
  let command: GuestCommand | undefined
  const { process, close } = await start(
    async (started) => {
      command = started
      await started.flood(1_000_000)
      started.exit(0)
    },
    () => reading.promise,
  )
  const reading = Promise.withResolvers<void>()
  await expect.poll(() => command?.credits[1]).toBe(0)
  reading.resolve()
  expect(await process.ended).toMatchObject({ kind: 'exit', code: 0 })
  await close()
})

test('an agent that sends more output than was granted breaks the protocol', async () => {
  const { process, close } = await start(
    (command) => {
      for (let piece = 0; piece < 5; piece += 1) {
        command.out(new Uint8Array(60_000))
      }
      command.exit(0)
    },
    () => new Promise(() => {}),
  )
  await expect(process.ended).rejects.toMatchObject({
    code: 'AGENT_PROTOCOL',
    message: expect.stringMatching(/granted/),
  })
  await close()
})

test('a request that does not fit into a frame is refused', async () => {
  const { streams, close } = await start(
    () => {},
    () => {},
  )
  const env = { A: 'x'.repeat(300_000) }
  expect(() => new GuestProcess(streams, { ...request, env }, () => {})).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION' }),
  )
  await close()
})

async function start(program: (command: GuestCommand) => void, onOutput: OutputListener) {
  const peer = await startPeer({}, program)
  const connection = await Connection.open(peer)
  const streams = new Streams(connection)
  const process = new GuestProcess(streams, request, onOutput)
  const close = async () => {
    await connection.close()
    await peer[Symbol.asyncDispose]()
  }
  return { streams, process, close }
}
