import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

async function testWindows(env: Record<string, string>) {
  const cache = await mkdtemp(join(tmpdir(), 'osrun cache '))
  onTestFinished(() => rm(cache, { recursive: true }))
  const own = { OSRUN_CACHE: cache, OSRUN_GUEST: '', ...env }
  const run = await execa(process.execPath, ['test/run-on-windows.ts'], { env: own, reject: false, stdin: 'ignore' })
  return { ...run, cache }
}

test('where no Windows is installed the tests of Windows say so, and fail nothing', async () => {
  const { exitCode, stdout, cache } = await testWindows({})
  expect(stdout).toBe(
    `No guest win11 is installed in ${cache}, so nothing was tested. \`npm run osrun -- install win11\` installs it; ` +
      'OSRUN_GUEST names another one.',
  )
  expect(exitCode).toBe(0)
  expect((await testWindows({ OSRUN_GUEST: 'server2025' })).stdout).toContain('No guest server2025')
})

test('a guest that is no Windows is refused', async () => {
  expect(await testWindows({ OSRUN_GUEST: 'wine' })).toMatchObject({
    exitCode: 1,
    stderr: 'Expected OSRUN_GUEST to be a guest that is Windows, got wine.',
  })
})
