import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lock, tryLock } from '../../src/snapshots/lock.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun lock '))
  path = join(folder, 'deep', 'the lock')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a second taker waits until the first gives the lock back', async () => {
  const first = await lock(path)
  expect(await tryLock(path)).toBeUndefined()
  const second = lock(path)
  await first()
  await first()
  await (await second)()
})

test('a lock whose holder was killed is free', async () => {
  const held = await lock(path)
  await held()
  const script = 'echo held; exec sleep 1000'
  const holder = spawn('flock', [path, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  await once(holder.stdout, 'data')
  expect(await tryLock(path)).toBeUndefined()
  const freed = lock(path)
  // The whole group: flock's child has inherited the lock.
  process.kill(-(holder.pid ?? 0), 'SIGKILL')
  await (await freed)()
})

test('waiting for a lock can be canceled', async () => {
  const held = await lock(path)
  const controller = new AbortController()
  const waiting = lock(path, controller.signal)
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
  await held()
})
