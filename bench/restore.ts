import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { Machine, type MachineOrigin, type MachinePlace, type Programs } from '../src/machines/machine.ts'
import { qemuArguments } from '../src/machines/qemu-arguments.ts'
import { startQemu } from '../src/machines/qemu-process.ts'
import type { GuestHome } from '../src/server/guest-home.ts'
import { cloneOrigin } from '../src/snapshots/restore.ts'
import type { Template } from '../src/snapshots/store.ts'

/** Where the machines of a measurement come from. */
export interface Bench {
  readonly programs: Programs
  readonly home: GuestHome
  readonly template: Template
  readonly place: () => MachinePlace
}

function clone({ home, template }: Bench): MachineOrigin {
  return cloneOrigin({ shape: home.shape, network: 'isolated', base: home.files.disk }, template)
}

/** Milliseconds from nothing to a running guest, restored from the template. */
export async function timeRestore(bench: Bench): Promise<number> {
  const startedAt = performance.now()
  const machine = await Machine.start(bench.programs, bench.place(), clone(bench))
  await machine.resume()
  const time = performance.now() - startedAt
  await machine.release()
  return time
}

const savedName = 'bench'

/**
 * The same guest as a snapshot inside its qcow2, which is how QEMU itself keeps one.
 * @returns what starts QEMU with `-loadvm` once and says how many milliseconds passed until the guest ran
 */
export async function prepareLoadvm(bench: Bench): Promise<{ time(): Promise<number>; remove(): Promise<void> }> {
  const machine = await Machine.start(bench.programs, bench.place(), clone(bench))
  await machine.resume()
  // The restore left it on, and a snapshot inside a qcow2 must hold the memory.
  const withMemory = [{ capability: 'x-ignore-shared', state: false }]
  await machine.qemu.qmp.execute('migrate-set-capabilities', { capabilities: withMemory })
  const answer = await machine.qemu.qmp.execute(
    'human-monitor-command',
    { 'command-line': `savevm ${savedName}` },
    120_000,
  )
  if (answer !== '') {
    throw new Error(`savevm: ${String(answer)}`)
  }
  await machine.qemu.kill()
  const { stdout } = await execa(bench.programs.qemuImg, ['snapshot', '-l', machine.overlay])
  if (!stdout.includes(savedName)) {
    throw new Error(`the snapshot is not in the qcow2: ${stdout}`)
  }
  return { time: () => timeLoadvm(bench, machine), remove: () => machine.release() }
}

async function timeLoadvm(bench: Bench, saved: Machine): Promise<number> {
  const place = bench.place()
  const disk = join(saved.place.folder, 'loadvm.qcow2')
  await copyFile(saved.overlay, disk)
  const socket = (kind: string) => join(place.socketFolder, `${place.name}.${kind}`)
  const words = qemuArguments({
    name: place.name,
    shape: bench.home.shape,
    memory: { use: 'fresh' },
    disk,
    network: 'isolated',
    incoming: false,
    sockets: { qmp: socket('qmp'), vnc: socket('vnc'), guestAgent: socket('qga') },
    serialLog: join(saved.place.folder, 'loadvm.log'),
  })
  const startedAt = performance.now()
  const qemu = await startQemu({
    program: bench.programs.qemu,
    arguments: [...words, '-loadvm', savedName],
    name: place.name,
    qmpSocket: socket('qmp'),
  })
  await qemu.qmp.execute('cont')
  const time = performance.now() - startedAt
  await qemu.kill()
  return time
}
