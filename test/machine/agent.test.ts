import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startServer } from '../../src/client/index.ts'
import { probeAccelerator } from '../../src/machines/probe/accelerator.ts'
import { runCommand } from '../../src/machines/run-command.ts'
import { decodeJson, encodeJsonFrame, FrameDecoder, frameType } from '../../src/protocol/frames.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { openGuestHome } from '../../src/server/guest-home.ts'
import { findPrograms } from '../../src/server/programs.ts'
import { openRunFolder } from '../../src/server/run-folder.ts'
import { restore } from '../../src/snapshots/restore.ts'

test('an attempt to connect that was given up does not replace its successor', async () => {
  const cache = defaultCache(process.env)
  // Builds the guest where no test before did.
  await using _server = await startServer({ runtime: 'host', cache })
  const { version, ...programs } = await findPrograms()
  const { accelerator } = await probeAccelerator({ qemu: programs.qemu, requested: 'auto', cacheFolder: cache })
  const home = await openGuestHome('wine', { accelerator, qemuVersion: version }, { cache, onProgress: () => {} })
  const run = await openRunFolder(cache)
  const secret = 'abcdef'
  const { machine } = await restore({
    programs,
    place: () => run.place(),
    store: home.store,
    snapshot: 'provisioned',
    shape: home.shape,
    network: 'isolated',
    base: home.files.disk,
    greeting: { secret, setClock: false },
    setClock: false,
    agentDeadline: 60_000,
  })
  try {
    expect(await runCommand(machine.link, 'cmd /d /s /c "exit 3"', 60_000)).toBe(3)
    const text = String(await machine.qemu.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' }))
    const port = Number(/HOST_FORWARD\]\s+\S+\s+127\.0\.0\.1\s+(\d+)/.exec(text)?.[1])
    const late = connect({ host: '127.0.0.1', port })
    const hello = { magic: 'osrun', min: 1, max: 1, time: Date.now(), attempt: 0, secret, setClock: false }
    late.write(encodeJsonFrame(frameType.hello, 0, hello))
    const [answer] = await once(late, 'data')
    const [frame] = new FrameDecoder().push(answer)
    expect(decodeJson(frame?.payload ?? new Uint8Array())).toMatchObject({ code: 'STALE' })
    await once(late, 'close')
    expect(await runCommand(machine.link, 'cmd /d /s /c "exit 4"', 60_000)).toBe(4)
  } finally {
    await machine.release()
    await run.remove()
  }
})
