import { join } from 'node:path'
import type { Guest, GuestFiles } from '../guests/guest.ts'
import { saveWhole } from '../machines/device-state.ts'
import { asDiskFull } from '../machines/disk-full.ts'
import { Machine, type MachinePlace, type Programs } from '../machines/machine.ts'
import { runCommand } from '../machines/run-command.ts'
import type { MachineShape } from '../machines/shape.ts'
import type { Progress } from '../protocol/messages.ts'
import { fileNames, finishTemplate } from './finish-template.ts'
import { waitUntilIdle } from './idle.ts'
import { checkRoom } from './room.ts'
import { splitWhole } from './split-whole.ts'
import type { Store, Template } from './store.ts'

/** What `provision` works with. */
export interface Provisioning {
  readonly programs: Programs
  /** A place for one more machine. */
  readonly place: () => MachinePlace
  readonly guest: Guest
  readonly files: GuestFiles
  readonly shape: MachineShape
  readonly key: string
  readonly store: Store
  readonly secret: string
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** The name of the snapshot that every guest has. */
export const provisioned = 'provisioned'

const warmUpDeadline = 120_000
/** Room for the overlay, the device state and the kernel's own bookkeeping. */
const overhead = 512 * 2 ** 20

/**
 * Boots the guest, warms it, and publishes the running machine as the snapshot `provisioned`.
 * @throws OsrunError DISK_FULL, GUEST_NOT_READY, QEMU_UNUSABLE, SNAPSHOT_FAILED
 */
export async function provision(task: Provisioning): Promise<Template> {
  const { programs, place, guest, files, shape, store, onProgress, signal } = task
  const say = (phase: string) => onProgress({ phase: `guest ${guest.name}: ${phase}` })
  const draft = await store.draft()
  const bytes = shape.memoryMiB * 2 ** 20
  try {
    await checkRoom(draft.folder, bytes + overhead, `Snapshot "${provisioned}" of guest ${guest.name}`)
    say('booting')
    const machine = await Machine.start(
      programs,
      place(),
      {
        shape,
        network: 'isolated',
        memory: { use: 'fresh' },
        layers: [],
        base: files.disk,
      },
      signal,
    )
    try {
      await machine.resume()
      const { accelerated, emulated } = guest.bootDeadline
      const deadline = shape.accelerator === 'tcg' ? emulated : accelerated
      const link = await machine.connectAgent({ secret: task.secret, setClock: true }, deadline, signal)
      say('warming up')
      if (guest.clockSetter === 'guest-agent') {
        await machine.setClock()
      }
      await waitUntilIdle(machine.qemu.pid, signal)
      for (const command of guest.warmUp) {
        await runCommand(link, command, warmUpDeadline)
      }
      await waitUntilIdle(machine.qemu.pid, signal)
      say('saving the running machine')
      await link.quiesce()
      await machine.pause()
      await saveWhole(machine.qemu.qmp, join(draft.folder, fileNames.ram))
      await machine.qemu.kill()
      const layers = [machine.overlay]
      const offset = await splitWhole({ programs, place: place(), machine, layers, folder: draft.folder })
      const identity = { guest: guest.name, name: provisioned, key: task.key }
      return await finishTemplate(programs, draft, machine, layers, identity, true, offset)
    } finally {
      await machine.release()
    }
  } catch (error) {
    throw asDiskFull(error, draft.folder)
  } finally {
    await draft.discard()
  }
}
