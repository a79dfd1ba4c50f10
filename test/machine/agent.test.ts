import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { runCommand } from '../../src/machines/run-command.ts'
import { decodeJson, encodeJsonFrame, FrameDecoder, frameType } from '../../src/protocol/frames.ts'
import { bareMachine, secret } from './bare-machine.ts'

const given = bareMachine()

test('an attempt to connect that was given up does not replace its successor', async () => {
  const { machine, port } = given
  expect(await runCommand(machine.link, 'cmd /d /s /c "exit 3"', 60_000)).toBe(3)
  const late = connect({ host: '127.0.0.1', port })
  const hello = { magic: 'osrun', min: 1, max: 1, time: Date.now(), attempt: 0, secret, setClock: false }
  late.write(encodeJsonFrame(frameType.hello, 0, hello))
  const [answer] = await once(late, 'data')
  const [frame] = new FrameDecoder().push(answer)
  expect(decodeJson(frame?.payload ?? new Uint8Array())).toMatchObject({ code: 'STALE' })
  await once(late, 'close')
  expect(await runCommand(machine.link, 'cmd /d /s /c "exit 4"', 60_000)).toBe(4)
})
