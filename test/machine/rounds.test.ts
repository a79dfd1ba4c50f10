import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OsrunServer, startServer } from '../../src/client/index.ts'
import { MachineRoom } from '../../src/client/machine-room.ts'
import { defaultCache } from '../../src/runtime/settings.ts'
import { processes, qemus } from './host-processes.ts'

/** How often a machine is taken and given back; 200 show a leak that 12 hide. */
const rounds = Number(process.env.OSRUN_ROUNDS ?? 12)
/** What the server may have grown by: its heap is no steady thing. */
const mostGrowth = 32 * 2 ** 20

const cache = defaultCache(process.env)
let own: string
let server: OsrunServer
let room: MachineRoom

// Its own runs, and the guest and snapshots of all tests.
beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'osrun rounds '))
  await mkdir(cache, { recursive: true })
  await symlink(join(cache, 'guests'), join(own, 'guests'))
  await symlink(join(cache, 'store'), join(own, 'store'))
  server = await startServer({ runtime: 'host', cache: own, machines: 2, standbys: 1 })
  room = await MachineRoom.open(server)
})

afterAll(async () => {
  await room?.close()
  await server?.[Symbol.asyncDispose]()
  await rm(own, { recursive: true, force: true })
})

/** Takes a machine in three ways: the one that stands by, one that is restored when asked for, and one in its place. */
async function round(number: number): Promise<void> {
  await using win = await server.acquire({ clock: number % 2 === 0 ? 'sync' : 'frozen' })
  if (number % 3 === 0) {
    await win.restore()
  }
  expect((await win.run('echo well')).stdout).toBe('well')
}

/** Waits until only the one that stands by is left. */
async function rest(): Promise<void> {
  for (;;) {
    const { leases, standbys } = await room.status()
    if (leases.length === 0 && standbys.length === 1 && (await qemus(own)).length === 1) {
      return
    }
    await delay(50)
  }
}

/** All that could grow. */
async function look() {
  await rest()
  const [pid] = await processes((words) => words.includes('serve') && words.includes(own))
  const proc = `/proc/${pid ?? expect.fail('no server runs')}`
  const [run = ''] = (await readdir(join(own, 'runs'))).filter((name) => !name.endsWith('.lock'))
  const status = await readFile(join(proc, 'status'), 'utf8')
  const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
  const sockets = await readdir(join(own, 'runs', run, 'sockets'))
  const steady = {
    descriptors: (await readdir(join(proc, 'fd'))).length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1]),
    machines: (await readdir(join(own, 'runs', run))).filter((name) => name.startsWith('m')).length,
    sockets: sockets.length,
  }
  return { memory, steady }
}

test('taking and giving back machines again and again leaves nothing behind', {
  timeout: 60_000 + rounds * 20_000,
}, async () => {
  for (let number = 0; number < 6; number += 1) {
    await round(number)
  }
  const before = await look()
  for (let number = 0; number < rounds; number += 1) {
    await round(number)
  }
  const after = await look()
  expect(after.steady).toEqual(before.steady)
  expect(after.memory - before.memory).toBeLessThan(mostGrowth)
})
