import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { askEngine } from '../../../src/runtime/requirements/docker-engine.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('an engine that answers tells its version', async () => {
  await using engine = await engineThatSays({ OSType: 'linux', Version: '28.1.0' })
  vi.stubEnv('DOCKER_HOST', engine.address)
  expect(await askEngine()).toEqual({ version: '28.1.0' })
})

test('an engine that hides its version is an engine all the same', async () => {
  await using engine = await engineThatSays({ OSType: 'linux' })
  vi.stubEnv('DOCKER_HOST', engine.address)
  expect(await askEngine()).toEqual({ version: 'of unknown version' })
})

test.each([
  ['a socket without an engine behind it', `unix://${join(tmpdir(), 'osrun has no such.sock')}`, 'No Docker Engine'],
  ['an engine of another computer', 'tcp://engine.example:2375', 'is on another computer'],
  ['an address that is none', 'tcp://no such host:99999', 'tcp://no such host:99999'],
])('%s is a problem that is told', async (_, address, words) => {
  vi.stubEnv('DOCKER_HOST', address)
  expect(await askEngine()).toEqual({ problem: expect.stringContaining(words) })
})

test('an engine for containers of another system is a problem', async () => {
  await using engine = await engineThatSays({ OSType: 'windows', Version: '28.1.0' })
  vi.stubEnv('DOCKER_HOST', engine.address)
  expect(await askEngine()).toEqual({ problem: expect.stringContaining('windows containers') })
})

async function engineThatSays(words: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'osrun engine '))
  const server = createServer((_, response) => response.end(JSON.stringify(words))).listen(join(folder, 'docker.sock'))
  await once(server, 'listening')
  return {
    address: `unix://${join(folder, 'docker.sock')}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true })
    },
  }
}
