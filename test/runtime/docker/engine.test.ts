import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { expect, onTestFinished, test } from 'vitest'
import { engineAddress, remoteReason } from '../../../src/runtime/docker/engine.ts'
import { isOrphan } from '../../../src/runtime/docker/orphans.ts'
import { sameEngine } from '../../../src/runtime/docker/same-engine.ts'

test.for<[string, Record<string, string>, string[], string]>([
  ['DOCKER_HOST first', { DOCKER_HOST: 'unix:///x.sock' }, ['/var/run/docker.sock'], 'unix:///x.sock'],
  ['an address without scheme', { DOCKER_HOST: '127.0.0.1:2375' }, [], 'tcp://127.0.0.1:2375'],
  [
    "the system's socket",
    { XDG_RUNTIME_DIR: '/r' },
    ['/var/run/docker.sock', '/r/docker.sock'],
    'unix:///var/run/docker.sock',
  ],
  ["the user's socket", { XDG_RUNTIME_DIR: '/r' }, ['/r/docker.sock'], 'unix:///r/docker.sock'],
  ['no socket at all', {}, [], 'unix:///var/run/docker.sock'],
])('an engine is looked for at %s', ([, environment, sockets, address]) => {
  expect(engineAddress(environment, (path) => sockets.includes(path))).toBe(address)
})

test.for<[string, boolean]>([
  ['unix:///var/run/docker.sock', true],
  ['npipe:////./pipe/docker_engine', true],
  ['tcp://127.0.0.1:2375', true],
  ['tcp://localhost:2376', true],
  ['tcp://[::1]:2375', true],
  ['tcp://127.0.0.1.example:2375', false],
  ['tcp://build-host:2375', false],
  ['ssh://me@build-host', false],
])('the engine at %s is on this computer: %s', ([address, local]) => {
  expect(remoteReason(address) === undefined).toBe(local)
})

const mine = { 'osrun.owner-pid': '42', 'osrun.owner-host': 'here' }
test.for<[string, string, Record<string, string>, boolean, boolean]>([
  ['that runs for a living owner', 'running', mine, true, false],
  ['that is being made for a living owner', 'created', mine, true, false],
  ['whose owner has ended', 'running', mine, false, true],
  ['that has ended', 'exited', mine, true, true],
  ['whose owner is on another host', 'running', { ...mine, 'osrun.owner-host': 'there' }, false, false],
])('a container %s', ([, State, Labels, alive, orphan]) => {
  expect(isOrphan({ State, Labels }, 'here', () => alive)).toBe(orphan)
})

test.for<[string, [string, string], boolean]>([
  ['that give the same id are one', ['an id', 'an id'], true],
  ['that give different ids are two', ['an id', 'another'], false],
  ['that give no id are two', ['', ''], false],
])('engines at two addresses %s', async ([, [id, otherId], same]) => {
  const [one, other] = [await listen(id), await listen(otherId)].map((socketPath) => new Docker({ socketPath }))
  expect(one && other && (await sameEngine(one, other))).toBe(same)
})

test('engines at one address are one, whatever they say', async () => {
  const socketPath = await listen('')
  expect(await sameEngine(new Docker({ socketPath }), new Docker({ socketPath }))).toBe(true)
})

/** The socket of an engine that says no more than its id. */
async function listen(ID: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun engine '))
  const socketPath = join(folder, 'docker.sock')
  const server = createServer((_, response) => response.end(JSON.stringify({ ID })))
  await once(server.listen(socketPath), 'listening')
  onTestFinished(async () => {
    server.close()
    await rm(folder, { recursive: true, force: true })
  })
  return socketPath
}
