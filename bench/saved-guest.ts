import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from '../src/client/index.ts'
import type { Machine, MachineOrigin, MachinePlace, Programs } from '../src/machines/machine.ts'
import { type GuestHome, openGuestHome } from '../src/server/guest-home.ts'
import { provisioned } from '../src/snapshots/provision.ts'
import { cloneOrigin, restore } from '../src/snapshots/restore.ts'
import type { Template } from '../src/snapshots/store.ts'
import type { Bench } from './bench.ts'

/** Where the machines of a measurement come from. */
export interface SavedGuest {
  readonly programs: Programs
  readonly home: GuestHome
  readonly template: Template
  readonly place: () => MachinePlace
}

/** What the guest has when nobody says anything else. */
export const usualMemoryMiB = 1024

/** The guest with that much memory, as every test file gets it. It is booted where that was not done yet. */
export async function openSavedGuest(
  { cache, equipment, programs, run, say }: Bench,
  memoryMiB = usualMemoryMiB,
): Promise<SavedGuest> {
  const onProgress = ({ phase }: { phase: string }) => say(`${memoryMiB} MiB: ${phase}`)
  const server = await startServer({ runtime: 'host', cache, standbys: 0, memory: `${memoryMiB}MiB`, onProgress })
  await server[Symbol.asyncDispose]()
  const home = await openGuestHome('wine', { ...equipment, memoryMiB }, { cache, onProgress: () => {} })
  return { programs, home, template: await home.store.get(provisioned), place: () => run.place() }
}

/** What a machine of it starts from. */
export function clone({ home, template }: SavedGuest): MachineOrigin {
  return cloneOrigin({ shape: home.shape, network: 'isolated', base: home.files.disk }, template)
}

/** All that a restored machine reads. */
export async function filesOf({ home, template }: SavedGuest): Promise<string[]> {
  const own = await readdir(template.folder)
  return [...own.map((name) => join(template.folder, name)), ...guestFilesOf(home.files)]
}

/** The guest's own files. */
export function guestFilesOf({ disk, kernel, initrd }: GuestHome['files']): string[] {
  return [disk, kernel, initrd].filter((path) => path !== undefined)
}

/** How the bench greets the agents of its machines. */
export const greeting = { secret: 'be4c', setClock: false } as const
/** Milliseconds until an agent must have answered. */
export const agentDeadline = 60_000

/** A running machine of it, its agent connected. */
export async function restoreMachine({ programs, home, template, place }: SavedGuest): Promise<Machine> {
  const { machine } = await restore({
    ...{ programs, place, store: home.store, snapshot: template.manifest.name },
    ...{ shape: home.shape, network: 'isolated', base: home.files.disk },
    ...{ greeting, setClock: true, agentDeadline },
  })
  return machine
}
