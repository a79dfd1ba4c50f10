import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type DebugPort, openDebugPort } from '../../src/server/debug-port.ts'

const wish = 5454
const servers: Server[] = []
const ports: DebugPort[] = []

afterEach(() => {
  for (const port of ports.splice(0)) {
    port.close()
  }
  for (const server of servers.splice(0)) {
    server.close()
  }
})

/** An agent that answers what it heard, once it has heard all of it. */
async function agent(name: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, async (socket) => socket.end(`${name}: ${await text(socket)}`))
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A port that should be the same one each time, and leads to a port of this computer. */
async function open(target: () => Promise<number>): Promise<DebugPort> {
  const port = await openDebugPort('127.0.0.1', wish, async () => ({ host: '127.0.0.1', port: await target() }))
  ports.push(port)
  return port
}

function enter({ address }: DebugPort): Socket {
  return connect({ host: '127.0.0.1', port: Number(address.split(':')[1]), allowHalfOpen: true })
}

test('a port leads to the machine of the moment, and the answer outlives the input', async () => {
  const agents = [await agent('first'), await agent('second')]
  const port = await open(async () => agents.shift() ?? expect.unreachable())
  expect(await text(enter(port).end('ver'))).toBe('first: ver')
  expect(await text(enter(port).end('ver'))).toBe('second: ver')
})

test('where the port is taken the kernel chooses another', async () => {
  const target = () => agent('any')
  const [one, other] = [await open(target), await open(target)]
  expect(one.address).not.toBe(other.address)
  expect(await text(enter(other).end('ver'))).toBe('any: ver')
})

test('a port without a machine behind it hangs up', async () => {
  const port = await open(() => Promise.reject(new Error('gone')))
  const person = enter(port)
  expect(await text(person)).toBe('')
})

test('a port that is closed cuts off whom it leads on', async () => {
  const there = await agent('any')
  const port = await open(async () => there)
  const person = enter(port)
  await once(person, 'connect')
  const heard = text(person)
  await delay(100)
  port.close()
  expect(await heard).toBe('')
})
