import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { LastWords } from './last-words.ts'
import { describeExit, startOwnProcess } from './own-process.ts'
import { Qmp } from './qmp.ts'
import { waitFor } from './wait.ts'

/** A QEMU that has started and whose monitor answers. */
export interface QemuProcess {
  readonly qmp: Qmp
  readonly pid: number
  /** Resolves with how QEMU ended, for a person; never rejects. */
  readonly exited: Promise<string>
  /** The end of what QEMU said. */
  lastWords(): string
  /** Ends QEMU at once; resolves when it is gone. Safe to call twice. */
  kill(): Promise<void>
}

const startDeadline = 30_000

/** How to start QEMU. */
export interface QemuCommand {
  readonly program: string
  readonly arguments: readonly string[]
  /** Of the machine, for errors. */
  readonly name: string
  /** Unix socket to which the arguments connect QEMU's monitor. */
  readonly qmpSocket: string
}

/**
 * Starts QEMU and connects its monitor. The machine is not running yet.
 * @throws OsrunError QEMU_UNUSABLE with QEMU's own words
 */
export async function startQemu(command: QemuCommand, signal?: AbortSignal): Promise<QemuProcess> {
  const words = new LastWords()
  const listener = createServer().listen(command.qmpSocket)
  await once(listener, 'listening')
  const connected = once(listener, 'connection') as Promise<[Socket]>
  connected.catch(() => {})
  const child = startOwnProcess(command.program, command.arguments)
  child.stderr?.on('data', words.add)
  const exited = child.then((result) => describeExit('QEMU', result))
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    const qmp = await waitFor({
      what: `QEMU of machine ${command.name}`,
      ready: connected.then(([socket]) => negotiate(socket)),
      exit: exited,
      deadline: startDeadline,
      code: 'QEMU_UNUSABLE',
      lastWords: () => words.toString(),
      next: 'Run `osrun doctor` to see what this host lacks.',
      signal,
    })
    return { qmp, pid: child.pid ?? 0, exited, lastWords: () => words.toString(), kill }
  } catch (error) {
    await kill()
    throw error
  } finally {
    // One monitor only: nobody else may connect.
    listener.close()
  }
}

async function negotiate(socket: Socket): Promise<Qmp> {
  const monitor = new Qmp(socket)
  try {
    await monitor.negotiate()
  } catch {
    // A QEMU that ends early closes its monitor first: its exit and its last words say more.
    return new Promise<never>(() => {})
  }
  return monitor
}
