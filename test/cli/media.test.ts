import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { readPinned } from '../../src/windows/acquire/pinned.ts'

// A mirror of every host of the list: it has none of the ISOs.
async function mirror(): Promise<string> {
  const server = createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const hosts = new Set((await readPinned()).map(({ url }) => new URL(url).host))
  return [...hosts].map((host) => `${host}=${address}`).join(',')
}

test('`osrun media check` says of each ISO what has become of it, and fails where one is gone', async () => {
  const env = { OSRUN_MEDIA_HOSTS: await mirror() }
  const words = ['src/cli/main.ts', 'media', 'check']
  const { stdout, exitCode } = await execa(process.execPath, words, { env, reject: false, stdin: 'ignore' })
  const lines = stdout.split('\n')
  expect(exitCode).toBe(1)
  expect(lines).toHaveLength((await readPinned()).length)
  expect(lines.every((line) => /^gone {5}.+: status 404 {2}https:/.test(line))).toBe(true)
  const { stdout: json } = await execa(process.execPath, [...words, '--json'], { env, reject: false, stdin: 'ignore' })
  expect(JSON.parse(json)[0]).toMatchObject({ state: 'gone', detail: 'status 404' })
})
