import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { openRawDoor, type RawDoor } from '../../src/server/raw-door.ts'

const servers: Server[] = []
const doors: RawDoor[] = []

afterEach(() => {
  for (const door of doors.splice(0)) {
    door.close()
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

async function open(target: () => Promise<number>): Promise<RawDoor> {
  const door = await openRawDoor('127.0.0.1', target)
  doors.push(door)
  return door
}

function enter({ address }: RawDoor): Socket {
  return connect({ host: '127.0.0.1', port: Number(address.split(':')[1]), allowHalfOpen: true })
}

test('a door leads to the machine of the moment, and the answer outlives the input', async () => {
  const ports = [await agent('first'), await agent('second')]
  const door = await open(async () => ports.shift() ?? expect.unreachable())
  expect(await text(enter(door).end('ver'))).toBe('first: ver')
  expect(await text(enter(door).end('ver'))).toBe('second: ver')
})

test('two doors have two ports', async () => {
  const target = () => agent('any')
  const [one, other] = [await open(target), await open(target)]
  expect(one.address).not.toBe(other.address)
  expect(await text(enter(other).end('ver'))).toBe('any: ver')
})

test('a door without a machine behind it hangs up', async () => {
  const door = await open(() => Promise.reject(new Error('gone')))
  const person = enter(door)
  expect(await text(person)).toBe('')
})

test('a door that is closed cuts off who is in it', async () => {
  const port = await agent('any')
  const door = await open(async () => port)
  const person = enter(door)
  await once(person, 'connect')
  const heard = text(person)
  await delay(100)
  door.close()
  expect(await heard).toBe('')
})
