import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Win } from '../src/client/index.ts'
import { program } from '../test/machine/with-program.ts'

const mebibytes = 64
const file = 'C:\\osrun-bench.bin'

/** MiB per second, by osrun and by a program in the guest that does what ncat does: pieces of 64 KiB, nothing else. */
export interface Throughput {
  readonly osrun: number[]
  readonly netcat: number[]
}

/** What is measured, by its name. */
export type Throughputs = Record<'stdout of a command' | 'file out of the guest' | 'file into the guest', Throughput>

/** In turns, so that both meet the same host. @param win a machine with the network `internet` and the program */
export async function timeThroughput(win: Win, rounds: number): Promise<Throughputs> {
  const bytes = randomBytes(mebibytes * 2 ** 20)
  await win.writeFile(file, bytes)
  const result: Throughputs = {
    'stdout of a command': { osrun: [], netcat: [] },
    'file out of the guest': { osrun: [], netcat: [] },
    'file into the guest': { osrun: [], netcat: [] },
  }
  const { 'stdout of a command': stdout, 'file out of the guest': out, 'file into the guest': into } = result
  for (let round = 0; round < rounds; round += 1) {
    stdout.osrun.push(await rate(() => readAll(win)))
    stdout.netcat.push(await byNetcat(win, 'netcat', `${program} out ${file}`, drain))
    out.osrun.push(await rate(() => win.readFile(file)))
    out.netcat.push(await byNetcat(win, 'give', file, drain))
    into.osrun.push(await rate(() => win.writeFile(file, bytes)))
    into.netcat.push(await byNetcat(win, 'take', file, (socket) => socket.end(bytes)))
  }
  return result
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
async function byNetcat(win: Win, mode: string, what: string, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const running = win.spawn([program, mode, String(port), what])
  const [socket] = (await once(server, 'connection')) as [Socket]
  const speed = await rate(async () => {
    serve(socket)
    await once(socket, 'close')
  })
  await running
  server.close()
  return speed
}
