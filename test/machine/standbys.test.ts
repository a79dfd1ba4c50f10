import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type OsrunServer, startServer } from '../../src/client/index.ts'
import { acquireWin } from '../../src/client/lease.ts'
import { MachineRoom } from '../../src/client/machine-room.ts'
import type { Standby } from '../../src/protocol/messages.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { qemus } from './host-processes.ts'

const log: string[] = []
let server: OsrunServer
let room: MachineRoom

// One for a test, one to stand by.
beforeAll(async () => {
  const onLog = (line: string) => log.push(line)
  server = await startServer({ runtime: 'host', cache: defaultCache(process.env), machines: 2, onLog })
  room = await MachineRoom.open(server)
})

beforeEach(async () => {
  log.length = 0
  await (await server.acquire())[Symbol.asyncDispose]()
})

afterAll(async () => {
  await room?.close()
  await server?.[Symbol.asyncDispose]()
})

async function leased(): Promise<string | undefined> {
  return (await room.status()).leases[0]?.machine
}

/** Waits for the machine that stands by for the snapshot. */
function standby(snapshot = 'provisioned'): Promise<Standby> {
  const look = async () => {
    const { standbys } = await room.status()
    const found = standbys.find((one) => one.snapshot === snapshot)
    return found ?? expect.fail(`no machine stands by for ${snapshot}; the log: ${log.join('\n')}`)
  }
  return vi.waitFor(look, { timeout: 60_000, interval: 50 })
}

test('the next machine is the one that stood by, with what the snapshot holds and the time of now', async () => {
  const { machine, guest, memoryMiB } = await standby()
  expect(guest).toBe('wine')
  expect(memoryMiB).toBeGreaterThan(1)
  await delay(3000)
  const from = Date.now()
  await using win = await server.acquire()
  await win.writeFile('C:\\first.txt', 'written as soon as it could be')
  expect(await leased()).toBe(machine)
  expect((await win.stat('C:\\first.txt')).modified.getTime()).toBeGreaterThan(from - 1000)
  expect((await win.run('echo well')).stdout).toBe('well')
})

test('a machine is used once: what one client wrote, the next does not find', async () => {
  await standby()
  const first = await server.acquire()
  await first.writeFile('C:\\who.txt', 'first')
  await first[Symbol.asyncDispose]()
  await standby()
  await using second = await server.acquire()
  expect(await second.exists('C:\\who.txt')).toBe(false)
})

/** Waits until a machine is on its way to stand by, which is not said anywhere. */
async function standbyBegun(): Promise<void> {
  const look = async () => expect(await qemus('')).toHaveLength(2)
  await vi.waitFor(look, { timeout: 60_000, interval: 10 })
}

/** What the machine that the room makes after this one is called. */
function next(machine: string | undefined): string {
  return `m${Number(machine?.slice(1)) + 1}`
}

test('who asks while one is made to stand by gets that one, and no other is made for it', async () => {
  await standby()
  await using _first = await server.acquire()
  const machine = await leased()
  await standbyBegun()
  expect((await room.status()).standbys).toEqual([])
  await using second = await server.acquire()
  expect((await room.status()).leases.map((lease) => lease.machine)).toEqual([machine, next(machine)])
  expect((await second.run('echo well')).stdout).toBe('well')
})

test('who no longer waits for it leaves it to the next', async () => {
  await standby()
  await using _first = await server.acquire()
  const machine = await leased()
  await standbyBegun()
  const over = new AbortController()
  const request = { guest: 'wine', snapshot: 'provisioned', clock: 'sync', network: 'isolated', label: 'test' } as const
  const waiting = acquireWin({ ...server, signal: over.signal }, request)
  await delay(20)
  over.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
  expect((await standby()).machine).toBe(next(machine))
})

test('who waits for one whose QEMU dies gets another', async () => {
  await standby()
  await using _first = await server.acquire()
  await standbyBegun()
  const waiting = server.acquire()
  await delay(20)
  const pid = Math.max(...(await qemus('')))
  process.kill(pid, 'SIGKILL')
  await using second = await waiting
  expect((await second.run('echo well')).stdout).toBe('well')
  expect(await qemus('')).not.toContain(pid)
})

test('win.restore takes the one that stands by, and the handle goes on', async () => {
  await using win = await server.acquire()
  const { machine } = await standby()
  await win.writeFile('C:\\gone.txt', 'gone')
  await win.restore()
  expect(await leased()).toBe(machine)
  expect(await win.exists('C:\\gone.txt')).toBe(false)
  await win.reboot()
  expect((await win.run('echo booted')).stdout).toBe('booted')
})

test('a snapshot that was replaced meanwhile is restored anew', async () => {
  await using win = await server.acquire()
  await win.writeFile('C:\\generation.txt', 'one')
  await win.snapshot('test-standby', { replace: true })
  await win.restore('test-standby')
  await standby('test-standby')
  await win.writeFile('C:\\generation.txt', 'two')
  await win.snapshot('test-standby', { replace: true })
  await win.restore()
  expect(await win.readFile('C:\\generation.txt', 'utf8')).toBe('two')
})

test('one whose QEMU is gone is passed over, and said in the log', async () => {
  const { machine } = await standby()
  const [pid] = await qemus(machine)
  process.kill(pid ?? expect.fail('no QEMU stands by'), 'SIGKILL')
  await using win = await server.acquire()
  expect((await win.run('echo well')).stdout).toBe('well')
  expect(await leased()).not.toBe(machine)
  expect(log.join('\n')).toContain('a standby of snapshot "provisioned" failed')
})

test('one that hangs is replaced before anybody saw it: its client only waits longer', async () => {
  const { machine } = await standby()
  const [pid] = await qemus(machine)
  process.kill(pid ?? expect.fail('no QEMU stands by'), 'SIGSTOP')
  await using win = await server.acquire()
  expect((await win.run('echo well')).stdout).toBe('well')
  expect(await leased()).not.toBe(machine)
  expect(log.join('\n')).toContain('a standby of snapshot "provisioned" failed')
  expect(await qemus(machine)).toEqual([])
})

test('who needs the place gets it: a standby gives way, one that is being made too', async () => {
  await standby()
  await using first = await server.acquire({ clock: 'frozen' })
  await using second = await server.acquire({ clock: 'frozen' })
  expect((await room.status()).standbys).toEqual([])
  const both = await Promise.all([first.run('echo first'), second.run('echo second')])
  expect(both.map(({ stdout }) => stdout)).toEqual(['first', 'second'])
})
