import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { startServer, type Win } from '../src/client/index.ts'
import { program, putProgram } from '../test/machine/with-program.ts'
import type { Bench } from './bench.ts'
import type { Goal, Measured } from './results.ts'
import { summarize } from './statistics.ts'

const mebibytes = 64
const file = 'C:\\osrun-bench.bin'

/** Pieces of the program that is measured beside: ncat's own size, and the most that a pipe of the guest takes. */
const pieces = { ncat: 8192, large: 65_536 } as const

/** MiB per second: by osrun, and by a program in the guest that does what ncat does and nothing else. */
type Throughput = Record<'osrun' | keyof typeof pieces, number[]>

/** What is measured, by its name. */
type Throughputs = Record<'stdout of a command' | 'file out of the guest' | 'file into the guest', Throughput>

const columns = { osrun: 'osrun', ncat: 'as ncat, 8 KiB pieces', large: 'as ncat, 64 KiB pieces' } as const

/** How fast bytes pass, beside ncat between the same two ends. */
export async function measureThroughput({ cache, rounds, say }: Bench): Promise<Measured> {
  say('throughput')
  await using server = await startServer({ runtime: 'host', cache, standbys: 0 })
  await using win = await server.acquire({ label: 'bench', network: 'internet' })
  await putProgram(win)
  const found = Object.entries(await timeThroughput(win, Math.ceil(rounds / 10)))
  const ways = Object.keys(columns) as (keyof typeof columns)[]
  return {
    tables: [
      {
        title: `${mebibytes} MiB of random bytes`,
        rows: found.flatMap(([what, each]) =>
          ways.map((way) => {
            const figures = summarize(each[way])
            return { what: `${what}, ${columns[way]}`, unit: 'MiB/s' as const, figures }
          }),
        ),
      },
    ],
    goals: found.map(
      ([what, each]): Goal => ({
        what: `${what}: how often as fast as ncat`,
        measured: summarize(each.osrun).median / summarize(each.ncat).median,
        unit: 'times',
        budget: { atLeast: 1 },
      }),
    ),
  }
}

/** In turns, so that all meet the same host. @param win a machine with the network `internet` and the program */
async function timeThroughput(win: Win, rounds: number): Promise<Throughputs> {
  const bytes = randomBytes(mebibytes * 2 ** 20)
  await win.writeFile(file, bytes)
  const empty = (): Throughput => ({ osrun: [], ncat: [], large: [] })
  const stdout = empty()
  const out = empty()
  const into = empty()
  for (let round = 0; round < rounds; round += 1) {
    stdout.osrun.push(await rate(() => readAll(win)))
    out.osrun.push(await rate(() => win.readFile(file)))
    into.osrun.push(await rate(() => win.writeFile(file, bytes)))
    for (const size of ['ncat', 'large'] as const) {
      stdout[size].push(await byNetcat(win, 'netcat', size, `${program} out ${file}`, drain))
      out[size].push(await byNetcat(win, 'give', size, file, drain))
      into[size].push(await byNetcat(win, 'take', size, file, (socket) => socket.end(bytes)))
    }
  }
  return { 'stdout of a command': stdout, 'file out of the guest': out, 'file into the guest': into }
}

async function rate(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return mebibytes / ((performance.now() - startedAt) / 1000)
}

async function readAll(win: Win): Promise<void> {
  const process = win.spawn([program, 'out', file], { buffer: false })
  for await (const _ of process.stdout) {
    // Only its passing counts.
  }
  await process
}

function drain(socket: Socket): void {
  socket.resume()
  socket.on('end', () => socket.end())
}

/** From the connection, so that the start of the program in the guest does not count, to the end of both sides. */
async function byNetcat(
  win: Win,
  mode: string,
  size: keyof typeof pieces,
  what: string,
  serve: (socket: Socket) => void,
): Promise<number> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const running = win.spawn([program, mode, String(pieces[size]), String(port), what])
  const [socket] = (await once(server, 'connection')) as [Socket]
  const speed = await rate(async () => {
    serve(socket)
    await once(socket, 'close')
  })
  await running
  server.close()
  return speed
}
