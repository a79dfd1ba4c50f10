import { basename, dirname, join } from 'node:path'
import type { AgentGreeting } from '../machines/agent-link.ts'
import { saveWhole } from '../machines/device-state.ts'
import { createOverlay, flattenLayers } from '../machines/disk.ts'
import { asDiskFull } from '../machines/disk-full.ts'
import type { Machine, MachinePlace, Programs } from '../machines/machine.ts'
import type { Qmp } from '../machines/qmp.ts'
import { fileNames, finishTemplate, type TemplateIdentity } from './finish-template.ts'
import { checkRoom } from './room.ts'
import { splitWhole } from './split-whole.ts'
import type { Draft, Store, Template } from './store.ts'

/** What `bake` works with. */
export interface Baking {
  readonly programs: Programs
  /** The running machine; it goes on afterwards. */
  readonly machine: Machine
  /** For the second QEMU, which turns the saved machine into a template. */
  readonly place: MachinePlace
  readonly store: Store
  readonly identity: TemplateIdentity
  readonly replace: boolean
  /** How the agent is greeted when the machine goes on. Without it the machine keeps its link, and what runs over it. */
  readonly greet?: { readonly greeting: AgentGreeting; readonly agentDeadline: number }
  /** Gives it up; the machine goes on. */
  readonly signal?: AbortSignal
}

/** A snapshot with more disk layers gets one that holds them all. */
const mostLayers = 8
const overhead = 256 * 2 ** 20

/**
 * Makes a snapshot of a running machine. A machine maps its RAM privately, so its memory cannot be published as it
 * lies: QEMU writes it out while the machine stands still, each page at its own place, so that the file can be mapped.
 * @throws OsrunError DISK_FULL, SNAPSHOT_FAILED, SNAPSHOT_EXISTS
 */
export async function bake(task: Baking): Promise<Template> {
  const { programs, machine, store, identity } = task
  const draft = await store.draft()
  try {
    const bytes = machine.origin.shape.memoryMiB * 2 ** 20
    await checkRoom(draft.folder, bytes + overhead, `Snapshot "${identity.name}"`)
    const layers = await standStill(task, draft)
    const { folder } = draft
    const offset = await splitWhole({ programs, place: task.place, machine, layers, folder, signal: task.signal })
    const kept =
      layers.length > mostLayers ? [await flattenLayers(programs.qemuImg, machine.place.folder, layers)] : layers
    return await finishTemplate(programs, draft, machine, kept, identity, task.replace, offset)
  } catch (error) {
    throw asDiskFull(error, draft.folder)
  } finally {
    await draft.discard()
  }
}

/** Saves the machine at one instant and lets it go on. @returns the layers of that instant, top first */
async function standStill({ machine, programs, greet, signal }: Baking, draft: Draft): Promise<string[]> {
  const { qmp } = machine.qemu
  await (greet === undefined ? detach(machine) : machine.link.quiesce())
  try {
    signal?.throwIfAborted()
    await machine.pause()
    const layers = [machine.overlay, ...machine.layers]
    await growChain(programs, machine, qmp)
    await saveWhole(qmp, join(draft.folder, fileNames.ram), signal)
    return layers
  } finally {
    await machine.resume()
    await (greet === undefined ? machine.link.detach(false) : machine.connectAgent(greet.greeting, greet.agentDeadline))
  }
}

/** Milliseconds that an agent has for it: one that is not well is not saved. */
const detachDeadline = 10_000

async function detach({ link }: Machine): Promise<void> {
  try {
    await link.detach(true, detachDeadline)
  } catch (error) {
    // It may only be slow, and goes on with us.
    link.detach(false).catch(() => {})
    throw error
  }
}

/** From here on the machine writes into a new overlay, and the one it had is a layer that stays as it is. */
async function growChain(programs: Programs, machine: Machine, qmp: Qmp): Promise<void> {
  const frozen = basename(machine.overlay)
  const node = await activeNode(qmp)
  const overlay = await createOverlay(programs.qemuImg, dirname(machine.overlay), frozen, node.size)
  const name = `disk-${machine.layers.length + 1}`
  const cache = { direct: false, 'no-flush': true }
  await qmp.execute('blockdev-add', {
    driver: 'qcow2',
    'node-name': name,
    discard: 'unmap',
    cache,
    backing: null,
    file: { driver: 'file', filename: overlay, cache },
  })
  await qmp.execute('blockdev-snapshot', { node: node.name, overlay: name })
  machine.layers = [machine.overlay, ...machine.layers]
  machine.overlay = overlay
}

async function activeNode(qmp: Qmp): Promise<{ name: string; size: number }> {
  const devices = (await qmp.execute('query-block')) as {
    inserted?: { 'node-name': string; image: { 'virtual-size': number } }
  }[]
  // A firmware's flash, and media, are among them.
  const inserted = devices.find((device) => /^disk(-|$)/.test(device.inserted?.['node-name'] ?? ''))?.inserted
  return { name: inserted?.['node-name'] ?? 'disk', size: inserted?.image['virtual-size'] ?? 0 }
}
