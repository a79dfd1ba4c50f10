import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { host, serveArguments, startServerProcess } from '../../src/runtime/host.ts'
import type { RuntimeOptions } from '../../src/runtime/runtime.ts'

const temporary = process.env.TMPDIR
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun host test '))
  process.env.TMPDIR = folder
})

afterEach(async () => {
  if (temporary === undefined) {
    delete process.env.TMPDIR
  } else {
    process.env.TMPDIR = temporary
  }
  await rm(folder, { recursive: true })
})

const fixture = (name: string): [string, string] => [
  process.execPath,
  fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url)),
]

function options(given: Partial<RuntimeOptions> = {}): RuntimeOptions & { lines: string[] } {
  const lines: string[] = []
  return {
    ...{ cache: '/a cache', accel: 'tcg', onProgress: () => {}, onLog: (line) => lines.push(line), lines },
    ...given,
  }
}

test('the command line carries what was asked for and leaves the rest to the server', () => {
  expect(serveArguments(options(), '/t/token')).toEqual([
    ...['serve', '--host', '127.0.0.1', '--port', '0', '--token-file', '/t/token'],
    ...['--cache', '/a cache', '--accel', 'tcg', '--exit-when-idle', '5'],
  ])
  expect(serveArguments(options({ machines: 3, standbys: 0, memoryMiB: 2048, cpus: 2 }), '/t/token').slice(-8)).toEqual(
    [...['--machines', '3', '--standbys', '0', '--memory', '2048MiB', '--cpus', '2']],
  )
  expect(serveArguments(options({ tempDrive: true }), '/t/token').slice(-1)).toEqual(['--temp-drive'])
  expect(serveArguments(options({ tempDrive: false }), '/t/token')).not.toContain('--temp-drive')
})

describe('QEMU on this computer', () => {
  const path = process.env.PATH

  afterEach(() => {
    process.env.PATH = path
  })

  test.for<[string, string, RegExp | undefined]>([
    ['of this version', 'QEMU emulator version 10.0.2 (Debian 1:10.0.2)', undefined],
    ['of a later version', 'QEMU emulator version 11.1', undefined],
    ['of an older version', 'QEMU emulator version 7.2.0', /10.0 or newer is needed.*7.2.0.*doctor --install/],
    ['that says something else', 'hello', /10.0 or newer is needed.*hello/],
  ])('%s', async ([_, says, reason]) => {
    await writeFile(join(folder, 'qemu-system-x86_64'), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
    process.env.PATH = folder
    const answer = await host.unavailable()
    expect(answer).toEqual(reason === undefined ? undefined : expect.stringMatching(reason))
  })

  test('that is missing', async () => {
    process.env.PATH = folder
    expect(await host.unavailable()).toMatch(/not installed.*doctor --install/)
  })
})

describe('a server that comes up', () => {
  test('is known by its address and a token that only the user can read', async () => {
    const given = options()
    await using server = await startServerProcess(given, fixture('ready'))
    expect(server).toMatchObject({ url: 'ws://127.0.0.1:12345', runtime: 'host' })
    await expect.poll(() => given.lines).toContain('a line that is not the ready line')
    const said = JSON.parse(given.lines.find((line) => line.startsWith('{')) ?? '')
    expect(said.token).toBe(server.token)
    expect(said.token).toMatch(/^[0-9a-f]{64}$/)
    expect(said.mode).toBe('600')
    expect(said.given.join(' ')).not.toContain(server.token)
    expect(await readdir(folder)).toEqual([])
  })

  test('ends in order, once', async () => {
    const given = options()
    const server = await startServerProcess(given, fixture('ready'))
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
    expect(given.lines.filter((line) => line === 'ended in order')).toHaveLength(1)
  })

  test('is ended with all that it started when it does not end in order', async () => {
    const given = options()
    const server = await startServerProcess(given, fixture('deaf'), { ready: 30_000, graceful: 50 })
    await expect.poll(() => given.lines).toHaveLength(1)
    const { pids } = JSON.parse(given.lines[0] ?? '')
    expect(pids.map(isAlive)).toEqual([true, true])
    await server.stop()
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false])
  })
})

describe('a server that does not come up is told with its last words:', () => {
  test('it exits', async () => {
    await expect(startServerProcess(options(), fixture('exits-early'))).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringMatching(/exit code 3.*\n {2}first line\n {2}the disk is full/),
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('it says nothing until the deadline', async () => {
    const deadlines = { ready: 1000, graceful: 5000 }
    await expect(startServerProcess(options(), fixture('silent'), deadlines)).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringMatching(/not ready after 1 seconds.*\n {2}thinking/),
    })
  })

  test('it does not exist', async () => {
    await expect(startServerProcess(options(), [join(folder, 'nothing')])).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringMatching(/could not be started.*ENOENT/),
    })
  })

  test('nobody wants it any more', async () => {
    const controller = new AbortController()
    const starting = startServerProcess(options({ signal: controller.signal }), fixture('silent'))
    controller.abort()
    await expect(starting).rejects.toMatchObject({ code: 'CANCELED' })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process whose parent is gone may wait long for somebody to notice its end.
    return !existsSync('/proc/self') || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
