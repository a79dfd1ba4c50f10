import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseReadyLine } from '../../src/protocol/ready.ts'
import { host } from '../../src/runtime/host.ts'

const withoutQemu = await host.unavailable()
let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun cache '))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

function serve(...flags: string[]) {
  return start({ OSRUN_TOKEN: 'secret token' }, flags)
}

function start(env: Record<string, string>, flags: readonly string[]) {
  return execa(process.execPath, ['src/cli/main.ts', 'serve', '--cache', cache, '--accel', 'tcg', ...flags], {
    reject: false,
    buffer: false,
    stdin: 'ignore',
    env,
  })
}

async function readyUrl(server: ReturnType<typeof serve>): Promise<string> {
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
  return parseReadyLine(line) ?? expect.fail(`no ready line: ${line}`)
}

test.skipIf(withoutQemu !== undefined)('answers on loopback, and ends in order on SIGTERM', async () => {
  const server = serve()
  const url = await readyUrl(server)
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
  const health = await fetch(`${url.replace('ws', 'http')}/healthz`)
  expect(await health.text()).toBe('ok\n')
  expect((await fetch(`${url.replace('ws', 'http')}/v1`)).status).toBe(404)
  server.kill('SIGTERM')
  expect((await server).exitCode).toBe(0)
  expect(await readdir(join(cache, 'runs'))).toEqual([])
})

test.skipIf(withoutQemu !== undefined)('says its token and where to watch it, where nobody gave it one', async () => {
  const server = start({}, ['--host', '0.0.0.0', '--exit-when-idle', '1'])
  let said = ''
  server.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said += piece
  })
  const url = await readyUrl(server)
  await server
  const token = /^osrun: token ([0-9a-f]{32})$/m.exec(said)?.[1]
  const address = `http://127.0.0.1:${new URL(url).port}/#token=${token}`
  expect(said).toContain(`osrun: the machines can be watched at ${address}\n`)
})

test.skipIf(withoutQemu !== undefined)('ends in order although nobody reads what it says', async () => {
  const server = serve('--exit-when-idle', '1')
  await readyUrl(server)
  server.stderr.destroy()
  server.stdout.destroy()
  expect((await server).exitCode).toBe(0)
  expect(await readdir(join(cache, 'runs'))).toEqual([])
})

test.each([
  [['serve', '--port', 'x'], /--port.*'x'.*Expected a whole number from 0 to 65535/],
  [['serve', '--accel', 'xen'], /Allowed choices are auto, kvm, hvf, tcg/],
  [['serve', '--machines', '0'], /--machines.*'0'.*Expected a whole number from 1 to 256/],
  [['serve', '--cpus', '0x2'], /--cpus.*'0x2'.*Expected a whole number from 1 to 64/],
  [['serve', '--memory', '2048'], /--memory.*'2048'.*Expected an amount such as "2GiB"/],
  [['--forward-port', '70000', 'dir'], /--forward-port.*Expected a whole number from 1 to 65535/],
  [['--runtime', 'cloud', 'dir'], /--runtime.*Expected auto, docker, host/],
  [['--memory', '2GB', 'dir'], /--memory.*'2GB'.*Expected an amount such as "2GiB"/],
  [['--memory', '1MiB', 'dir'], /--memory.*'1MiB'.*Expected an amount of at least 256MiB/],
  [['--cpus', '65', 'dir'], /--cpus.*'65'.*Expected a whole number from 1 to 64/],
  [['--guest', 'Win 11', 'dir'], /BAD_NAME.*`guest`.*"Win 11"/],
  [['--new-snapshot', 'Upper', 'dir'], /BAD_NAME.*--new-snapshot/],
  [['--new-snapshot', 'same', '--use-snapshot', 'same', 'dir'], /BAD_OPTION.*another snapshot.*"same" for both/],
  [['--replace', 'dir'], /BAD_OPTION.*--new-snapshot beside --replace/],
  [['--drive', 'package.json', 'dir'], /BAD_OPTION.*--drive to be a folder.*the file package.json/],
  [[], /Usage: osrun \[flags\] '<command>'/],
])('%j is refused with exit code 125', async (words, said) => {
  const ended = await execa(process.execPath, ['src/cli/main.ts', ...words], { reject: false, stdin: 'ignore' })
  expect(ended.stderr).toMatch(said)
  expect(ended.exitCode).toBe(125)
})
