import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { demandSwtpm, startTpm, type TpmPlace, tpmArguments } from '../../src/machines/tpm.ts'

let place: TpmPlace

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'osrun tpm '))
  place = { name: 'm1', folder, socket: join(folder, 'm1.tpm') }
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

test('its command line says where it holds what it holds, and where it waits', () => {
  expect(tpmArguments({ name: 'm1', folder: '/run/the m1', socket: '/tmp/s/m1.tpm' })).toEqual([
    ...['socket', '--tpm2', '--terminate', '--tpmstate', 'backend-uri=file:///run/the m1/tpm.state'],
    ...['--ctrl', 'type=unixio,path=/tmp/s/m1.tpm'],
  ])
})

test('it waits when it has started, and leaves nothing but what it held', async () => {
  const tpm = await startTpm({}, place)
  expect(existsSync(place.socket)).toBe(true)
  await tpm.kill()
  await tpm.kill()
  expect(existsSync(place.socket)).toBe(false)
})

test('each machine has a copy of what the TPM of its guest holds, also of what nobody may write', async () => {
  const state = join(place.folder, 'of the guest')
  await writeFile(state, 'held')
  await chmod(state, 0o444)
  const tpm = await startTpm({ state }, place)
  await tpm.kill()
  expect(await readFile(join(place.folder, 'tpm.state'), 'utf8')).toBe('held')
  expect((await stat(join(place.folder, 'tpm.state'))).mode & 0o777).toBe(0o600)
})

test('where it cannot start, the error has its words', async () => {
  const nowhere = { ...place, socket: join(place.folder, 'no folder', 'm1.tpm') }
  await expect(startTpm({}, nowhere)).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringMatching(/the TPM of machine m1.*swtpm exited with code 1.*[Cc]ould not/s),
  })
})

test('a host without is told so before anything is fetched, and what to do', async () => {
  vi.stubEnv('PATH', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(demandSwtpm()).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringMatching(/`swtpm` on PATH.*`osrun doctor --install`/),
  })
})

test('a wait that is canceled leaves no TPM', async () => {
  const canceled = AbortSignal.abort()
  await expect(startTpm({}, place, canceled)).rejects.toMatchObject({ code: 'CANCELED' })
  expect(existsSync(place.socket)).toBe(false)
})
