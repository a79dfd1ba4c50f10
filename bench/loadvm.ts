import { once } from 'node:events'
import { copyFile, readdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { Machine } from '../src/machines/machine.ts'
import { qemuArguments } from '../src/machines/qemu-arguments.ts'
import { loadvmWords } from './loadvm-words.ts'
import { pageFaults } from './process-figures.ts'
import { agentDeadline, clone, greeting, guestFilesOf, type SavedGuest } from './saved-guest.ts'
import { type Start, said } from './start.ts'
import { freePort, ncat } from './suite/ncat.ts'
import { startQemu } from './suite/qemu.ts'

/** A guest as a snapshot inside its qcow2, which is how QEMU itself keeps one. */
export interface Loadvm extends AsyncDisposable {
  /** What there is to load: the guest's memory that is not zero, and the devices' state. */
  readonly savedMiB: number
  /** All that QEMU reads when it loads it. */
  files(): Promise<string[]>
  /** Starts QEMU with it once. */
  time(): Promise<Start>
  /** QEMU's command line with a disk of its own and without a monitor, for a program that knows `port`. */
  words(name: string, port: string): Promise<string[]>
}

const savedName = 'bench'
/** Milliseconds. */
const saveDeadline = 300_000
const loadDeadline = 120_000

/** Saves a machine of this guest with QEMU's `savevm`, with the agent's raw dialect open for ncat. */
export async function prepareLoadvm(guest: SavedGuest): Promise<Loadvm> {
  const machine = await Machine.start(guest.programs, guest.place(), clone(guest))
  let savedMiB: number
  try {
    await machine.resume()
    const link = await machine.connectAgent({ ...greeting, raw: true }, agentDeadline)
    link.close()
    savedMiB = await save(guest, machine)
  } catch (error) {
    await machine.release()
    throw error
  }
  const { folder } = machine.place
  return {
    savedMiB,
    files: async () => {
      const disks = (await readdir(folder)).filter((name) => name.endsWith('.qcow2'))
      return [...disks.map((name) => join(folder, name)), ...guestFilesOf(guest.home.files).slice(1)]
    },
    time: () => timeLoadvm(guest, machine),
    words: async (name, port) => {
      const disk = join(folder, `${name}.qcow2`)
      await copyFile(machine.overlay, disk)
      return wordsFor(guest, machine, { name, disk, port, monitor: false })
    },
    [Symbol.asyncDispose]: () => machine.release(),
  }
}

/** @returns MiB of what was saved */
async function save({ programs }: SavedGuest, machine: Machine): Promise<number> {
  const { qmp } = machine.qemu
  // The restore left it on, and a snapshot inside a qcow2 must hold the memory.
  const withMemory = [{ capability: 'x-ignore-shared', state: false }]
  await qmp.execute('migrate-set-capabilities', { capabilities: withMemory })
  const save = { 'command-line': `savevm ${savedName}` }
  const answer = await qmp.execute('human-monitor-command', save, saveDeadline)
  if (answer !== '') {
    throw new Error(`savevm: ${String(answer)}`)
  }
  await qmp.execute('quit')
  await machine.qemu.exited
  const words = ['info', '--output=json', machine.overlay]
  const { stdout } = await execa(programs.qemuImg, words, { stdin: 'ignore' })
  const { snapshots = [] }: { snapshots?: { name: string; 'vm-state-size': number }[] } = JSON.parse(stdout)
  const saved = snapshots.find(({ name }) => name === savedName)
  if (saved === undefined) {
    throw new Error(`the snapshot is not in the qcow2: ${stdout}`)
  }
  return Math.round(saved['vm-state-size'] / 2 ** 20)
}

interface Loading {
  readonly name: string
  readonly disk: string
  readonly port: string
  readonly monitor: boolean
}

function wordsFor({ home }: SavedGuest, saved: Machine, { name, disk, port, monitor }: Loading): string[] {
  const { folder, socketFolder } = saved.place
  const socket = (kind: string) => join(socketFolder, `${name}.${kind}`)
  const words = qemuArguments({
    ...{ name, shape: home.shape, memory: { use: 'fresh' }, disk },
    ...{ network: 'isolated', incoming: false, serialLog: join(folder, `${name}.log`) },
    sockets: { qmp: socket('qmp'), vnc: socket('vnc'), guestAgent: socket('qga') },
  })
  return loadvmWords(words, { snapshot: savedName, port, monitor })
}

// Each start finds the disk as it was: loading goes back to the snapshot, and QEMU ends in order.
async function timeLoadvm(guest: SavedGuest, saved: Machine): Promise<Start> {
  const { name, socketFolder } = guest.place()
  const port = await freePort()
  const words = wordsFor(guest, saved, { name, disk: saved.overlay, port: String(port), monitor: true })
  const listener = createServer().listen(join(socketFolder, `${name}.qmp`))
  await once(listener, 'listening')
  const startedAt = performance.now()
  const qemu = startQemu(guest.programs.qemu, words)
  try {
    await Promise.race([untilRunning(listener), qemu.early])
    const running = performance.now() - startedAt
    const answer = await Promise.race([ncat(port, said.command), qemu.early])
    const command = performance.now() - startedAt
    if (answer !== said.answer) {
      throw new Error(`the guest said ${JSON.stringify(answer)} in place of "${said.answer}"`)
    }
    return { running, command, ...(await pageFaults(qemu.pid)) }
  } finally {
    listener.close()
    await qemu.end()
  }
}

/** Asks QEMU's monitor for people, which answers when the loading is over. */
async function untilRunning(listener: Server): Promise<void> {
  const signal = AbortSignal.timeout(loadDeadline)
  const [socket] = (await once(listener, 'connection', { signal })) as [Socket]
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let heard = ''
  socket.setEncoding('utf8').on('data', (piece) => {
    heard += piece
    if (heard.includes('VM status: running')) {
      resolve()
    }
  })
  socket.on('error', reject)
  signal.addEventListener('abort', () => reject(new Error(`QEMU did not load within ${loadDeadline} ms: ${heard}`)))
  socket.write('info status\n')
  return promise
}
