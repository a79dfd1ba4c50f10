import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../../src/client/index.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { hear } from './hear.ts'

let cache: string

// A cache with the guest's disk in it, and no snapshot.
beforeAll(async () => {
  await using _server = await startServer({ runtime: 'host' })
  cache = await mkdtemp(join(tmpdir(), 'osrun install '))
  await mkdir(join(cache, 'guests'))
  await cp(join(defaultCache(process.env), 'guests'), join(cache, 'guests'), { recursive: true })
})

afterAll(async () => {
  await rm(cache, { recursive: true, force: true })
})

function install(...words: string[]) {
  return execa(process.execPath, ['src/cli/main.ts', 'install', '--drive', cache, ...words], {
    ...{ reject: false, stdin: 'ignore', env: { OSRUN_RUNTIME: 'host' } },
  })
}

test('an installation that is interrupted leaves nothing half done, and the next one goes on', async () => {
  const interrupted = install()
  await hear(interrupted.stderr)(/osrun: guest wine: booting/)
  interrupted.kill('SIGINT')
  expect(await interrupted).toMatchObject({ exitCode: 130, stdout: '' })
  expect(await readdir(join(cache, 'runs'))).toEqual([])

  const whole = await install('--json')
  expect(JSON.parse(whole.stdout)).toEqual({ guest: 'wine', snapshot: 'provisioned', built: true })
  expect(whole.stderr).toMatch(/osrun: guest wine: booting.*osrun: guest wine: saving the running machine/s)
  expect(whole.stderr).not.toContain('accelerator')

  const again = await install()
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: 'Guest wine was installed already, with its snapshot "provisioned".',
  })
  expect(again.stderr).not.toContain('booting')
})
