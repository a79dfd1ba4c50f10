import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askGuestAgent } from '../../src/machines/guest-agent.ts'
import { setGuestClock } from '../../src/machines/guest-clock.ts'

let folder: string
let path: string
let server: Server | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun test '))
  path = join(folder, 'qga')
})

afterEach(async () => {
  server?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A guest agent that answers a command with what `answer` says. */
async function guestAgent(answer: (line: string, socket: Socket) => string | undefined): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => {})
    // What an earlier client asked and did not wait for.
    socket.write('{"return": {"late": true}}\n')
    createInterface({ input: socket }).on('line', (raw) => {
      const line = raw.slice(raw.indexOf('{'))
      const sync = /"guest-sync","arguments":\{"id":(\d+)\}/.exec(line)?.[1]
      const words = sync === undefined ? answer(line, socket) : `{"return": ${sync}}`
      if (words !== undefined) {
        socket.write(`${words}\n`)
      }
    })
  }).listen(path)
  await once(server, 'listening')
}

const ask = '{"execute":"guest-ping"}'

test('an answer for an earlier client is passed over', async () => {
  await guestAgent(() => '{"return": 7}')
  expect(await askGuestAgent(path, () => ask)).toBe(7)
})

test('a time goes in nanoseconds, none of them rounded', async () => {
  const heard: string[] = []
  await guestAgent((line) => {
    heard.push(line)
    return '{"return": {}}'
  })
  await setGuestClock(path, 1_700_000_000_123)
  expect(heard).toEqual(['{"execute":"guest-set-time","arguments":{"time":1700000000123000000}}'])
})

test.each([
  ['that refuses', () => '{"error": {"class": "GenericError", "desc": "not now"}}', /not now/],
  ['that is silent', () => undefined, /did not answer in time/],
  [
    'that hangs up',
    (_: string, socket: Socket) => {
      socket.destroy()
      return undefined
    },
    /closed its port/,
  ],
])('a guest agent %s is told as what it is', async (_, answer, message) => {
  await guestAgent(answer)
  const asked = askGuestAgent(path, () => ask, { deadline: 300 })
  await expect(asked).rejects.toMatchObject({
    code: 'MACHINE_UNRESPONSIVE',
    message: expect.stringMatching(message),
  })
})

test("the caller's signal ends the wait", async () => {
  await guestAgent(() => undefined)
  const over = new AbortController()
  const asked = askGuestAgent(path, () => ask, { signal: over.signal })
  over.abort()
  await expect(asked).rejects.toMatchObject({ code: 'MACHINE_UNRESPONSIVE' })
})

test('a guest agent that is not there is an error', async () => {
  await expect(askGuestAgent(path, () => ask)).rejects.toMatchObject({ code: 'MACHINE_UNRESPONSIVE' })
})
