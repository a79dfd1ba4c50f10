import { basename, join } from 'node:path'
import type { AgentGreeting } from '../machines/agent-link.ts'
import { loadDeviceState } from '../machines/device-state.ts'
import { Machine, type MachinePlace, type Programs } from '../machines/machine.ts'
import type { MachineShape } from '../machines/shape.ts'
import type { Template } from './store.ts'

/** What `restore` works with. */
export interface Restoring {
  readonly programs: Programs
  readonly place: MachinePlace
  readonly template: Template
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

/**
 * A running machine from a template: it maps the template's RAM privately, so its cost does not depend on the guest's
 * memory, and any number of machines share what none of them wrote.
 * @throws OsrunError RESTORE_FAILED, QEMU_UNUSABLE, GUEST_NOT_READY
 */
export async function restore(task: Restoring): Promise<Machine> {
  const { template, signal } = task
  const { manifest, folder } = template
  const machine = await Machine.start(
    task.programs,
    task.place,
    {
      shape: task.shape,
      network: task.network,
      memory: { path: join(folder, manifest.ram.name), use: 'clone' },
      layers: manifest.layers.map(({ name }) => join(folder, basename(name))),
      base: task.base,
      blankOverlay: join(folder, manifest.overlay.name),
      load: (qmp) => loadDeviceState(qmp, join(folder, manifest.state.name)),
    },
    signal,
  )
  try {
    await machine.resume()
    await Promise.all([
      machine.connectAgent(task.greeting, task.agentDeadline, signal),
      task.setClock ? machine.setClock() : undefined,
    ])
    return machine
  } catch (error) {
    await machine.release()
    throw error
  }
}
