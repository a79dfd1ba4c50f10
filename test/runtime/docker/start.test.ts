import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Progress } from '../../../src/protocol/messages.ts'
import { label } from '../../../src/runtime/docker/container-plan.ts'
import { readContext } from '../../../src/runtime/docker/context.ts'
import { findEngine } from '../../../src/runtime/docker/engine.ts'
import { dockerRuntime } from '../../../src/runtime/docker.ts'

const unavailable = await dockerRuntime().unavailable()
const standIn = fixture('stand-in')

let cache: string
let progress: Progress[]
let log: string[]

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun cache: '))
  progress = []
  log = []
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true, force: true })
})

describe.skipIf(unavailable !== undefined)(`with a Docker Engine${unavailable ? ` (${unavailable})` : ''}`, () => {
  afterAll(async () => {
    const { docker } = await findEngine()
    for (const name of ['stand-in', 'exits']) {
      const { tag } = await readContext(fixture(name))
      // Another run of these tests may be using it.
      await docker
        .getImage(tag)
        .remove()
        .catch(() => {})
    }
  })

  test('a server answers in its container and leaves nothing when it is stopped', { timeout: 120_000 }, async () => {
    const server = await start(standIn)
    expect(server).toMatchObject({ runtime: 'docker', url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/) })
    expect(await ownContainers()).toHaveLength(1)
    expect(log).toContain('listening')
    await server.stop()
    await server.stop()
    expect(await ownContainers()).toEqual([])
    expect(log).toContain('stopping')
    expect(await readdir(join(cache, 'docker'))).toEqual([])
  })

  test('the container has no more rights than it needs', { timeout: 120_000 }, async () => {
    await using server = await start(standIn, { machines: 3 })
    const facts = await factsOf(server.url)
    const self = process.getuid?.() || 1000
    expect(facts).toMatchObject({
      token: server.token,
      'token file': '600',
      user: `${self}:${process.getuid?.() ? process.getgid?.() : 1000}`,
      capabilities: '0000000000000000',
      'new privileges': 'no',
      'writes to /': 'no',
      'writes to /tmp': 'yes',
      'writes to /cache': 'yes',
      arguments: expect.stringMatching(/^serve .*--accel tcg --exit-when-idle 10 --machines 3$/),
    })
    const [container] = await ownContainers()
    expect(JSON.stringify(container)).not.toContain(server.token)
  })

  test('the server is reached over the loopback only', { timeout: 120_000 }, async () => {
    await using server = await start(standIn)
    const { port } = new URL(server.url)
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address } of others) {
      await expect(connects(address, Number(port)), address).resolves.toBe(false)
    }
    await expect(connects('127.0.0.1', Number(port))).resolves.toBe(true)
  })

  test('an image is built once', { timeout: 120_000 }, async () => {
    await (await start(standIn)).stop()
    progress = []
    await (await start(standIn)).stop()
    expect(progress.map(({ phase }) => phase)).toEqual(['server: starting the container'])
  })

  test("a failed step of the build is told with the step's words", { timeout: 120_000 }, async () => {
    await expect(start(fixture('fails'))).rejects.toMatchObject({
      code: 'DOCKER_BUILD_FAILED',
      message: expect.stringMatching(/non-zero code: 9.*last words:.*no such package: moon-cheese/s),
    })
  })

  test('a build that is canceled is told as canceled', { timeout: 120_000 }, async () => {
    await expect(start(fixture('fails'), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELED' })
  })

  test('a server that exits at once is told with its exit code and its words', { timeout: 120_000 }, async () => {
    await expect(start(fixture('exits'))).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringMatching(/exited with code 3.*the machine room is on fire.*runtime: "host"/s),
    })
    expect(await ownContainers()).toEqual([])
  })

  test('what a killed test runner left is removed at the next start', { timeout: 120_000 }, async () => {
    const runner = execa(
      process.execPath,
      [join(import.meta.dirname, 'fixtures', 'start-stand-in.ts'), standIn, cache],
      {
        reject: false,
        buffer: false,
      },
    )
    await once(runner.stdout, 'data')
    runner.kill('SIGKILL')
    await runner
    expect(await containersOf(runner.pid)).toHaveLength(1)
    await (await start(standIn)).stop()
    expect(await containersOf(runner.pid)).toEqual([])
  })

  test('testcontainers may not talk to another engine than the one that was asked', { timeout: 120_000 }, async () => {
    const other = createServer((_, response) => response.end(JSON.stringify({ ID: 'another', OSType: 'linux' })))
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await writeFile(join(cache, '.testcontainers.properties'), `tc.host=tcp://127.0.0.1:${port}\n`)
    const runner = startElsewhere({ HOME: cache })
    const result = await runner
    other.close()
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('testcontainers talks to another') })
    expect(await containersOf(runner.pid)).toEqual([])
  })
})

test('an engine that does not answer is named, with the next step', async () => {
  vi.stubEnv('DOCKER_HOST', `unix://${join(cache, 'no.sock')}`)
  const runtime = dockerRuntime(standIn)
  expect(await runtime.unavailable()).toMatch(/No Docker Engine answers at unix:.*no\.sock \(.*ENOENT.*DOCKER_HOST/)
  await expect(start(standIn)).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE' })
})

function startElsewhere(environment: NodeJS.ProcessEnv = {}) {
  const program = join(import.meta.dirname, 'fixtures', 'start-stand-in.ts')
  return execa(process.execPath, [program, standIn, cache], { reject: false, env: environment })
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

function start(folder: string, options: { machines?: number; signal?: AbortSignal } = {}) {
  return dockerRuntime(folder).start({
    cache,
    accel: 'tcg',
    onProgress: (each) => progress.push(each),
    onLog: (line) => log.push(line),
    ...options,
  })
}

async function containersOf(pid: number | undefined) {
  const { docker } = await findEngine()
  return docker.listContainers({ all: true, filters: { label: [`${label.ownerPid}=${pid}`] } })
}

function ownContainers() {
  return containersOf(process.pid)
}

async function factsOf(url: string): Promise<unknown> {
  const answer = await fetch(url.replace(/^ws:/, 'http:'))
  return answer.json()
}

async function connects(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
