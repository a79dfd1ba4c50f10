import { cpus, totalmem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { findGuest } from '../guests/guest.ts'
import { Capacity, defaultCapacity, defaultStandbys } from '../machines/capacity.ts'
import type { Machine, Programs } from '../machines/machine.ts'
import { probeAccelerator } from '../machines/probe/accelerator.ts'
import { exposeWarning } from '../protocol/debug-ports.ts'
import { isOsrunError } from '../protocol/errors.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { Parameters, Progress, ServerStatus, TemplateInfo } from '../protocol/messages.ts'
import { listTemplates, markUsed, recipeLock, removeOldGenerations } from '../snapshots/generations.ts'
import { lock, tryLock, type Unlock } from '../snapshots/lock.ts'
import { provision, provisioned } from '../snapshots/provision.ts'
import type { Template } from '../snapshots/store.ts'
import type { MediaStages } from '../windows/install-windows.ts'
import { mediaStages } from '../windows/media-stages.ts'
import type { InstallingWindows } from '../windows/prepare-windows.ts'
import { openCacheFolder } from './cache-folder.ts'
import { expose } from './expose.ts'
import { FailureStates } from './failure-states.ts'
import { type GuestHome, openGuestHome } from './guest-home.ts'
import { cpuModelOf, type Equipment, equipmentFor } from './host-key.ts'
import { Installations } from './installations.ts'
import { Lease } from './lease.ts'
import { findPrograms } from './programs.ts'
import { type RoomRequest, RoomRequests } from './room-requests.ts'
import { memoryDrive, openRunFolder, type RunFolder } from './run-folder.ts'
import { type Placed, Standbys } from './standbys.ts'
import { newSecret, restoreFor, type Supplied, type Terms } from './terms.ts'

/** What a machine room is told. */
export interface MachineRoomOptions {
  readonly cache: string
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly machines?: number | undefined
  /** Most machines that are restored ahead. */
  readonly standbys?: number | undefined
  /** Keep in memory what the machines write to their disks. */
  readonly tempDrive?: boolean | undefined
  readonly memoryMiB?: number | undefined
  readonly cpus?: number | undefined
  readonly guestFiles?: string | undefined
  /** For debugging only: gives the machines ports that anybody who reaches them controls them by. */
  readonly expose?: boolean | undefined
  /** Address for the ports that `expose` opens; 127.0.0.1 by default. */
  readonly exposeHost?: string | undefined
  /** How Windows is got, and what it is installed from. Default: as it is had from Microsoft, or from a user's medium. */
  readonly stages?: MediaStages | undefined
  readonly version: string
  /** One line for whoever runs the server. */
  readonly log: (line: string) => void
}

type OnProgress = (progress: Progress) => void

/** All machines of one server, and what they are made of. */
export class MachineRoom {
  readonly #options: MachineRoomOptions
  readonly programs: Programs
  readonly #equipment: Equipment
  readonly #runFolder: RunFolder
  readonly #capacity: Capacity
  /**
   * For machines that others are compared with. Clients hold a place already while they want one, so with the same places
   * all might wait for each other.
   */
  readonly #besides = new Capacity(1)
  readonly #homes = new Map<string, Promise<GuestHome>>()
  readonly #leases = new Set<Lease>()
  readonly #requests = new RoomRequests()
  readonly #installations = new Installations()
  readonly #standbys: Standbys
  /** States in which tests have failed. */
  readonly failures: FailureStates

  private constructor(
    options: MachineRoomOptions,
    programs: Programs,
    equipment: Equipment,
    runFolder: RunFolder,
    capacity: Capacity,
  ) {
    this.#options = options
    this.programs = programs
    this.#equipment = equipment
    this.#runFolder = runFolder
    this.#capacity = capacity
    this.failures = new FailureStates(options.cache)
    this.#standbys = new Standbys(options.standbys ?? defaultStandbys(cpus().length), capacity, options.log)
  }

  /** @throws OsrunError QEMU_UNUSABLE, ACCELERATOR_UNUSABLE, HOST_FILE_FAILED where the cache cannot be written */
  static async open(options: MachineRoomOptions): Promise<MachineRoom> {
    const { cache, memoryMiB } = options
    await openCacheFolder(cache)
    const { version: qemuVersion, ...programs } = await findPrograms()
    const { accelerator, reason } = await probeAccelerator({
      qemu: programs.qemu,
      requested: options.accel,
      cacheFolder: cache,
    })
    options.log(`QEMU ${qemuVersion}, accelerator ${accelerator}: ${reason}`)
    const host = { cores: cpus().length, memoryBytes: totalmem() }
    const capacity = new Capacity(options.machines ?? defaultCapacity(host, memoryMiB ?? 1024))
    const equipment = { accelerator, qemuVersion, memoryMiB, cpus: options.cpus }
    const runFolder = await openRunFolder(cache, options.tempDrive ? memoryDrive : undefined)
    return new MachineRoom(options, programs, equipment, runFolder, capacity)
  }

  /** Builds what is missing until the guest has its snapshot `provisioned`. */
  async install(
    name: string,
    onProgress: OnProgress,
    { windows, signal }: { windows?: Parameters<'install'>['windows']; signal?: AbortSignal } = {},
  ): Promise<{ built: boolean }> {
    return this.#requests.during({ label: 'getting ready', guest: name }, onProgress, async (request) => {
      const installing = windows && (await this.#installing(name, windows))
      if (installing !== undefined) {
        // What was there may not be what is wanted now.
        this.#homes.delete(name)
      }
      const home = await this.#home(name, request.onProgress, signal, installing)
      const built = await this.#provisioned(home, request.onProgress, signal)
      return { built: built || home.built }
    })
  }

  /** The snapshots of a guest, with what they come from. */
  async templates(guest: string): Promise<TemplateInfo[]> {
    const { store } = await this.#home(guest, () => {})
    return listTemplates(store)
  }

  /** The right to build a recipe; waits while another machine room or client has it. */
  async claim(guest: string, recipe: string, onProgress: OnProgress, signal: AbortSignal): Promise<Unlock> {
    const { store } = await this.#home(guest, onProgress, signal)
    return this.#lock(
      recipeLock(store, recipe),
      () => onProgress({ phase: `snapshot ${recipe}: waiting for another run that builds it` }),
      signal,
    )
  }

  /** Notes that recipes' snapshots are in use, and removes old generations. @throws OsrunError SNAPSHOT_NOT_FOUND */
  async keep(guest: string, snapshots: readonly string[]): Promise<void> {
    const { store } = await this.#home(guest, () => {})
    const templates = await Promise.all(snapshots.map((name) => store.get(name)))
    await Promise.all(templates.map((template) => this.#use(template)))
    for (const recipe of new Set(templates.map(({ manifest }) => manifest.recipe?.name))) {
      const removed = recipe === undefined ? [] : await removeOldGenerations(store, recipe)
      if (removed.length > 0) {
        this.log(`removed snapshots that older forms of the recipe "${recipe}" built: ${removed.join(', ')}`)
      }
    }
  }

  /** A running machine for one client. Waits for a free place. */
  async acquire(wish: Parameters<'acquire'>, onProgress: OnProgress, signal: AbortSignal): Promise<Lease> {
    const { label, guest, snapshot } = wish
    const asked = { label, guest, snapshot }
    const { terms, placed } = await this.#requests.during(asked, onProgress, async (request) => {
      const home = await this.#home(guest, request.onProgress, signal)
      if (snapshot === provisioned) {
        await this.#provisioned(home, request.onProgress, signal)
      } else {
        // Nobody should queue for what there is not.
        await this.#use(await home.store.get(snapshot))
      }
      const terms = { room: this, home, wish, secret: newSecret() }
      return { terms, placed: await this.#supply(terms, request, signal) }
    })
    const { giveBack, ...supplied } = placed
    const lease = new Lease(terms, supplied)
    this.#leases.add(lease)
    lease.released.then(() => {
      this.#leases.delete(lease)
      giveBack()
      this.#standbys.refill()
    })
    if (this.exposes) {
      await this.#expose(lease).catch(({ message }) => this.log(`--expose: no ports for ${lease.id}: ${message}`))
    }
    return lease
  }

  /** A fresh machine for a lease that gives up the one it has. @throws OsrunError of `restore` */
  async replace(terms: Terms, snapshot: string, signal: AbortSignal): Promise<Supplied> {
    const parked = await this.#standbys.take(terms, snapshot, signal)
    // The lease has a place already.
    parked?.giveBack()
    const supplied = parked ?? (await restoreFor(terms, snapshot, signal))
    this.#standbys.want(terms, snapshot)
    return supplied
  }

  /** True where the machines have ports for debugging. */
  get exposes(): boolean {
    return this.#options.expose === true
  }

  /** The lease of that id, while it has a machine. */
  lease(id: string): Lease | undefined {
    return [...this.#leases].find((lease) => lease.id === id)
  }

  /** The unix socket on which the machine of a lease, or one that installs itself, shows its screen. */
  screenSocket(id: string): string | undefined {
    return this.lease(id)?.screenSocket ?? this.#installations.screenSocket(id)
  }

  place() {
    return { ...this.#runFolder.place(), humanMonitor: this.exposes }
  }

  log(line: string): void {
    this.#options.log(line)
  }

  /** Waits until no lease is left, at most `deadline` milliseconds. @returns how many are left */
  async drained(deadline: number): Promise<number> {
    const over = new AbortController()
    const released = [...this.#leases].map((lease) => lease.released)
    await Promise.race([Promise.all(released), delay(deadline, undefined, { signal: over.signal }).catch(() => {})])
    over.abort()
    return this.#leases.size
  }

  status(): ServerStatus {
    return {
      version: this.#options.version,
      accelerator: this.#equipment.accelerator,
      time: Date.now(),
      capacity: this.#capacity.total,
      queued: this.#capacity.queued,
      leases: [...this.#installations.status(), ...[...this.#leases].map((lease) => lease.status())],
      requests: this.#requests.describe(),
      standbys: this.#standbys.describe(),
    }
  }

  /** Ends all machines and removes what they wrote. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all([this.#standbys.close(), ...[...this.#leases].map((lease) => lease.release())])
    await this.#runFolder.remove()
  }

  async #supply(terms: Terms, request: RoomRequest, signal: AbortSignal): Promise<Placed> {
    const { snapshot } = terms.wish
    const standby = await this.#standbys.take(terms, snapshot, signal)
    const placed = standby ?? (await this.#restore(terms, request, signal))
    this.#standbys.want(terms, snapshot)
    return placed
  }

  async #restore(terms: Terms, request: RoomRequest, signal: AbortSignal): Promise<Placed> {
    const places = terms.wish.beside === true ? this.#besides : this.#capacity
    if (places === this.#capacity) {
      this.#standbys.giveWay()
    }
    request.turn('waiting')
    const giveBack = await places.take(signal)
    request.turn('restoring')
    try {
      return { ...(await restoreFor(terms, terms.wish.snapshot, signal)), giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  async #expose(lease: Lease): Promise<void> {
    const { lines, close } = await expose(lease, this.#options.exposeHost ?? '127.0.0.1')
    lease.released.then(close)
    for (const line of [exposeWarning(lease.id), ...lines]) {
      this.log(line)
    }
  }

  /** What this host makes machines of that guest with. @throws OsrunError UNKNOWN_GUEST */
  async #equipmentOf(name: string): Promise<Equipment> {
    return equipmentFor(findGuest(name), this.#equipment, {
      qemu: this.programs.qemu,
      cacheFolder: this.#options.cache,
    })
  }

  async #installing(
    name: string,
    { media, slow = false, keep = false }: NonNullable<Parameters<'install'>['windows']>,
  ): Promise<InstallingWindows> {
    const equipment = await this.#equipmentOf(name)
    const { accelerator } = equipment
    return {
      ...{ media: media as MediaOptions, slow, keep, accelerator, cpuModel: cpuModelOf(findGuest(name), equipment) },
      ...{ programs: this.programs, place: () => this.place(), stages: this.#options.stages ?? mediaStages },
      onMachine: (machine: Machine | undefined) => this.#installations.show(name, machine),
    }
  }

  #home(
    name: string,
    onProgress: OnProgress,
    signal?: AbortSignal,
    installing?: InstallingWindows,
  ): Promise<GuestHome> {
    const known = this.#homes.get(name)
    if (known !== undefined) {
      return known
    }
    const { cache, guestFiles } = this.#options
    const preparing = { cache, guestFiles, onProgress, signal, installing }
    const opening = this.#equipmentOf(name).then((equipment) => openGuestHome(name, equipment, preparing))
    this.#homes.set(name, opening)
    // The next client tries again what failed, perhaps after the user did what the error said.
    opening.catch(() => this.#homes.delete(name))
    return opening
  }

  async #lock(path: string, onWait: () => void, signal?: AbortSignal): Promise<Unlock> {
    const taken = await tryLock(path)
    if (taken !== undefined) {
      return taken
    }
    onWait()
    return lock(path, signal)
  }

  /** A store that this server may only read has no notes, and nothing is removed from it. */
  async #use(template: Template): Promise<void> {
    if (template.manifest.recipe === undefined) {
      return
    }
    await markUsed(template).catch(({ message }) => this.log(`the use of ${template.folder} is not noted: ${message}`))
  }

  /** Makes sure that there is the snapshot `provisioned`. @returns whether it was made now */
  async #provisioned(home: GuestHome, onProgress: OnProgress, signal?: AbortSignal): Promise<boolean> {
    if (await isProvisioned(home)) {
      return false
    }
    const onWait = () => onProgress({ phase: `guest ${home.guest.name}: waiting for another process that builds it` })
    const unlock = await this.#lock(home.store.lockPath(provisioned), onWait, signal)
    try {
      if (await isProvisioned(home)) {
        return false
      }
      const secret = newSecret()
      const place = () => this.place()
      await provision({ programs: this.programs, place, secret, onProgress, ...home, ...(signal && { signal }) })
      return true
    } finally {
      await unlock()
    }
  }
}

// What can be made again is made again when it is damaged.
async function isProvisioned(home: GuestHome): Promise<boolean> {
  try {
    return (await home.store.find(provisioned)) !== undefined
  } catch (error) {
    if (isOsrunError(error) && error.code === 'SNAPSHOT_DAMAGED') {
      return false
    }
    throw error
  }
}
