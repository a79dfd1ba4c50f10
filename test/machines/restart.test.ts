import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { AgentLink } from '../../src/machines/agent-link.ts'
import { Qmp } from '../../src/machines/qmp.ts'
import { byAgent, byGuestAgent, restartGuest } from '../../src/machines/restart.ts'
import { decodeJson, encodeJsonFrame, FrameDecoder, frameType } from '../../src/protocol/frames.ts'

let folder: string
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun test '))
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
})

async function listen(name: string, hear: (line: string, socket: Socket) => void): Promise<string> {
  const path = join(folder, name)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    createInterface({ input: socket }).on('line', (line) => hear(line.slice(line.indexOf('{')), socket))
  }).listen(path)
  servers.push(server)
  await once(server, 'listening')
  return path
}

/** A QEMU of which there is a monitor and a guest agent. */
async function standIn(obeys: boolean) {
  const commands: string[] = []
  let monitor: Socket | undefined
  const reset = () => monitor?.write('{"event": "RESET", "data": {"guest": true}}\n')
  const monitorPath = await listen('qmp', (line, socket) => {
    const { execute, id } = JSON.parse(line) as { execute: string; id: number }
    commands.push(execute)
    socket.write(`{"return": {}, "id": ${id}}\n`)
    if (execute === 'system_reset') {
      reset()
    }
  })
  const guestAgent = await listen('qga', (line, socket) => {
    const { execute, arguments: own } = JSON.parse(line) as { execute: string; arguments: { id: number } }
    if (execute === 'guest-sync') {
      socket.write(`{"return": ${own.id}}\n`)
    } else if (obeys) {
      commands.push(line)
      reset()
    } else {
      socket.write('{"error": {"desc": "disabled"}}\n')
    }
  })
  const client = connect(monitorPath)
  const [server] = servers
  const accepted = once(server ?? expect.unreachable(), 'connection') as Promise<[Socket]>
  monitor = (await accepted)[0]
  const exit = Promise.withResolvers<string>()
  const qemu = { qmp: new Qmp(client), pid: 1, exited: exit.promise, lastWords: () => '', kill: async () => {} }
  return { qemu, guestAgent: byGuestAgent(guestAgent), commands, exit, reset }
}

test('a guest that obeys its guest agent is not reset', async () => {
  const { qemu, guestAgent, commands } = await standIn(true)
  await restartGuest(qemu, guestAgent, new AbortController().signal)
  expect(commands).toEqual(['{"execute":"guest-shutdown","arguments":{"mode":"reboot"}}'])
  qemu.qmp.close()
})

test('a guest whose guest agent refuses is reset', async () => {
  const { qemu, guestAgent, commands } = await standIn(false)
  await restartGuest(qemu, guestAgent, new AbortController().signal)
  expect(commands).toEqual(['system_reset'])
  qemu.qmp.close()
})

test('a guest without a guest agent is reset', async () => {
  const { qemu, commands } = await standIn(false)
  await restartGuest(qemu, byGuestAgent(join(folder, 'nothing')), new AbortController().signal)
  expect(commands).toEqual(['system_reset'])
  qemu.qmp.close()
})

/** An agent of ours in a Windows, which hears command lines and says how they ended. */
async function agentThat(ends: (commandLine: string) => number | 'never'): Promise<() => AgentLink> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const decoder = new FrameDecoder()
    socket.on('data', (piece) => {
      for (const { type, stream, payload } of decoder.push(piece)) {
        if (type === frameType.hello) {
          const words = { magic: 'osrun', version: 1, nonce: 'ab'.repeat(16), time: 1, uptime: 1, clock: 'kept' }
          socket.write(encodeJsonFrame(frameType.hello, 0, words))
        } else if (type === frameType.exec) {
          const code = ends(String(decodeJson(payload)['commandLine']))
          if (code !== 'never') {
            socket.write(encodeJsonFrame(frameType.exit, stream, { kind: 'exited', code }))
          }
        }
      }
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const link = await AgentLink.open(port, { secret: 'abcdef', setClock: false }, AbortSignal.timeout(5000))
  onTestFinished(() => link.close())
  return () => link
}

test.each([
  ['says that it restarts', 0],
  ['is restarting already', 1115],
  ['has no time left to say so', 'never'],
] as const)('a Windows that %s is waited for, and not reset', async (_, code) => {
  const { qemu, commands, reset } = await standIn(false)
  const heard: string[] = []
  const link = await agentThat((commandLine) => {
    heard.push(commandLine)
    setTimeout(reset, 100)
    return code
  })
  await restartGuest(qemu, byAgent(link, 20_000), new AbortController().signal)
  expect({ heard, commands }).toEqual({ heard: ['shutdown.exe /r /f /t 0'], commands: [] })
  qemu.qmp.close()
})

test.each([
  ['refuses', 5, 20_000],
  ['says that it restarts, and does not', 0, 100],
  ['does not answer', 'never', 100],
] as const)('a Windows that %s is reset', async (_, code, deadline) => {
  const { qemu, commands } = await standIn(false)
  await restartGuest(qemu, byAgent(await agentThat(() => code), deadline), new AbortController().signal)
  expect(commands).toEqual(['system_reset'])
  qemu.qmp.close()
})

test('a Windows without an agent is reset', async () => {
  const { qemu, commands } = await standIn(false)
  const none = () => {
    throw new Error('Machine m has no link to its agent.')
  }
  await restartGuest(qemu, byAgent(none, 20_000), new AbortController().signal)
  expect(commands).toEqual(['system_reset'])
  qemu.qmp.close()
})

test('a QEMU that ends meanwhile is told with how it ended', async () => {
  const { qemu, guestAgent, exit } = await standIn(false)
  exit.resolve('QEMU was ended by SIGKILL')
  qemu.qmp.close()
  await expect(restartGuest(qemu, guestAgent, new AbortController().signal)).rejects.toMatchObject({
    name: 'OsrunError',
  })
})

test('a wait that nobody wants any more is canceled', async () => {
  const { qemu, guestAgent } = await standIn(true)
  await expect(restartGuest(qemu, guestAgent, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELED' })
  qemu.qmp.close()
})
