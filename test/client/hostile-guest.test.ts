import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acquireWin } from '../../src/client/lease.ts'
import { encodeFrame, frameType } from '../../src/protocol/frames.ts'
import { request, startPeer } from './peer.ts'

/** What a guest may say that wants to do harm: any type, on the command's stream or another, with any payload. */
const said = fc.record({
  type: fc.oneof(fc.constantFrom(...Object.values(frameType)), fc.nat({ max: 0xff })),
  own: fc.boolean(),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .constantFrom('{}', '{"pid":1}', '{"pid":-1}', '{"kind":"exit","code":0}', '{"kind":"exit","code":1e99}')
      .map((json) => new TextEncoder().encode(json)),
  ),
})

test('a guest that says anything at all makes its own command fail at most, with an error of ours', async () => {
  let words: { type: number; own: boolean; payload: Uint8Array }[] = []
  await using peer = await startPeer({}, (command) => {
    for (const { type, own, payload } of words) {
      command.send(encodeFrame(type, own ? command.stream : command.stream + 7, payload))
    }
    command.exit(0)
  })
  await using win = await acquireWin(peer, request)
  const property = fc.asyncProperty(fc.array(said, { maxLength: 12 }), async (frames) => {
    words = frames
    const outcome = await win.run('x', { reject: false }).catch((error: unknown) => error)
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ name: 'OsrunError' })
    } else {
      expect(outcome).toMatchObject({ command: 'x' })
    }
    words = []
    expect(await win.run('y')).toMatchObject({ exitCode: 0, stdout: '' })
  })
  await fc.assert(property, { numRuns: 150 })
})
