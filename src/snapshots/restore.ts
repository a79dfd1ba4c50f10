import { join } from 'node:path'
import type { AgentGreeting } from '../machines/agent-link.ts'
import { loadDeviceState } from '../machines/device-state.ts'
import { Machine, type MachineOrigin, type MachinePlace, type Programs } from '../machines/machine.ts'
import type { MachineShape } from '../machines/shape.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { Store, Template } from './store.ts'

/** What `restore` works with. */
export interface Restoring {
  readonly programs: Programs
  /** A place for one more machine. */
  readonly place: () => MachinePlace
  readonly store: Store
  /** Name of the snapshot. */
  readonly snapshot: string
  readonly shape: MachineShape
  readonly network: 'isolated' | 'internet'
  /** The guest's own disk, below all layers. */
  readonly base: string
  readonly greeting: AgentGreeting
  /** Set the clock through QEMU's guest agent. */
  readonly setClock: boolean
  /** Milliseconds until the agent must have answered. */
  readonly agentDeadline: number
  readonly signal?: AbortSignal | undefined
}

/** A machine, and the template it came from. */
export interface Restored {
  readonly machine: Machine
  readonly template: Template
}

const attempts = 3

/**
 * A running machine from the snapshot of that name: it maps the template's RAM privately, so its cost does not depend
 * on the guest's memory, and any number of machines share what none of them wrote.
 * @throws OsrunError SNAPSHOT_NOT_FOUND, RESTORE_FAILED, QEMU_UNUSABLE, GUEST_NOT_READY
 */
export async function restore(task: Restoring): Promise<Restored> {
  const { machine, template } = await startCurrent(task)
  try {
    await machine.resume()
    await Promise.all([
      machine.connectAgent(task.greeting, task.agentDeadline, task.signal),
      task.setClock ? machine.setClock() : undefined,
    ])
    return { machine, template }
  } catch (error) {
    await machine.release()
    throw error
  }
}

/**
 * While QEMU opens a template's files one after the other, the snapshot may be replaced under its name. If the name
 * still means the same template afterwards, all files were of that one.
 */
async function startCurrent(task: Restoring, attempt = 1): Promise<Restored> {
  const { store, snapshot } = task
  const template = await store.get(snapshot)
  const isCurrent = async () => (await store.find(snapshot))?.manifest.id === template.manifest.id
  let machine: Machine
  try {
    machine = await startClone(task, template)
  } catch (error) {
    if (attempt < attempts && !(await isCurrent())) {
      return startCurrent(task, attempt + 1)
    }
    throw error
  }
  if (await isCurrent()) {
    return { machine, template }
  }
  await machine.release()
  if (attempt < attempts) {
    return startCurrent(task, attempt + 1)
  }
  throw new OsrunError('RESTORE_FAILED', `Snapshot "${snapshot}" was replaced ${attempts} times while it was restored.`)
}

function startClone(task: Restoring, template: Template): Promise<Machine> {
  return Machine.start(task.programs, task.place(), cloneOrigin(task, template), task.signal)
}

/** What a machine from this template starts from. */
export function cloneOrigin(
  { shape, network, base }: Pick<Restoring, 'shape' | 'network' | 'base'>,
  { folder, manifest }: Template,
): MachineOrigin {
  return {
    shape,
    network,
    memory: { path: join(folder, manifest.ram.name), ...memoryOffset(manifest.ram), use: 'clone' },
    layers: manifest.layers.map(({ name }) => join(folder, name)),
    base,
    blankOverlay: join(folder, manifest.overlay.name),
    load: (qmp) => loadDeviceState(qmp, join(folder, manifest.state.name)),
  }
}

/** Where the memory begins, as QEMU is told it. */
export function memoryOffset({ offset }: { readonly offset?: number | undefined }): { offset?: number } {
  return offset === undefined ? {} : { offset }
}
