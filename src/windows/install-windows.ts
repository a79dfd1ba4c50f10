import { existsSync } from 'node:fs'
import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { defaultCpus, type Guest } from '../guests/definition.ts'
import { guestFileNames, writeGuestId } from '../guests/guest-id.ts'
import { findFirmware } from '../machines/firmware.ts'
import type { Machine, MachinePlace, Programs } from '../machines/machine.ts'
import type { Accelerator, MachineShape } from '../machines/shape.ts'
import { demandSwtpm } from '../machines/tpm.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { Progress } from '../protocol/messages.ts'
import { checkRoom } from '../snapshots/room.ts'
import { minutesOf } from './install/steps.ts'
import { installMemoryMiB } from './install-needs.ts'
import { InstallProgress } from './install-progress.ts'
import { type InstalledNote, makeCurrent, writeNote } from './installed.ts'
import { noteWishes } from './installed-wishes.ts'
import type { InstallMedia, Medium } from './medium.ts'
import { Artifacts } from './pipeline/artifacts.ts'
import type { BootStage, InstallLimits } from './pipeline/install-boot.ts'
import { installSystem } from './pipeline/install-system.ts'
import { Steps } from './pipeline/steps.ts'
import type { ReportStage } from './report.ts'
import { chooseWindows, type WindowsChoice } from './settings.ts'

/** What a stage before the first boot works with. */
export interface StageTask {
  readonly guest: string
  readonly choice: WindowsChoice
  readonly media: MediaOptions
  /** Empty, for what it leaves. */
  readonly folder: string
  /** For downloads, which are kept whatever becomes of the installation. */
  readonly downloads: string
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** What comes before the first boot: getting the medium, and building what the machine starts from. */
export interface MediaStages {
  /** Bytes that an installation takes, all in all, where none was begun. */
  readonly room: number
  /** What the medium depends on. */
  acquireKey(choice: WindowsChoice, media: MediaOptions): unknown
  acquire(task: StageTask): Promise<Medium>
  /** What the built media depend on besides the medium: scripts, settings, the agent. */
  buildKey(guest: string, choice: WindowsChoice, media: MediaOptions): Promise<unknown>
  build(task: StageTask & { readonly medium: Medium }): Promise<InstallMedia>
}

/** What an installation works with, whichever guest it is of. */
export interface InstallMeans {
  readonly media: MediaOptions
  /** Keeps what each step made; otherwise only the guest's own files are left. */
  readonly keep: boolean
  readonly accelerator: Accelerator
  readonly cpuModel: string
  readonly programs: Programs
  readonly place: () => MachinePlace
  readonly stages: MediaStages
  /** Hears of each machine that installs, while it runs. */
  readonly onMachine?: (machine: Machine | undefined) => void
}

/** An installation of Windows. */
export interface WindowsInstall extends InstallMeans {
  readonly guest: Guest
  /** The guest's folder in the cache; whoever calls holds its lock. */
  readonly parent: string
  readonly downloads: string
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
  /** Default: what a real Windows may take. */
  readonly limits?: Readonly<Record<BootStage, InstallLimits>>
  /** Bytes of the guest's disk, as it sees it. Default 64 GiB. */
  readonly diskBytes?: number
}

const gibibyte = 2 ** 30
const minute = 60_000

/**
 * Gets Windows, installs it without a person, and makes it the guest of that name: its snapshot is yet to be made.
 * What a step made is kept until all are done, so the same call goes on where an earlier one ended.
 * @throws OsrunError INSTALL_FAILED, HOST_INCOMPLETE, DISK_FULL, CANCELED, and of the stages
 */
export async function installWindows(install: WindowsInstall): Promise<void> {
  const { guest, parent, downloads, media, keep, stages, onProgress, signal } = install
  const choice = chooseWindows(guest.name, media)
  const wishes = await noteWishes(guest.name, choice.language, media)
  // Nobody should wait for a download first.
  const firmware = choice.firmware === 'uefi' ? findFirmware() : undefined
  const tpm = choice.tpm === '2.0'
  const virtio = media.virtioDrivers !== undefined
  if (tpm) {
    await demandSwtpm()
  }
  await mkdir(parent, { recursive: true })
  const artifacts = new Artifacts(join(parent, 'install'))
  await artifacts.collect('all')
  if (await artifacts.isEmpty()) {
    await checkRoom(parent, stages.room, `Installing guest ${guest.name}`)
  }
  const progress = new InstallProgress(guest.name, onProgress)
  const steps = new Steps({ artifacts, signal, onStep: progress.step })
  const task = { guest: guest.name, choice, media, downloads, onProgress: progress.within, signal }
  const { result: medium } = await steps.run({
    name: 'medium',
    inputs: [stages.acquireKey(choice, media)],
    make: (folder) => stages.acquire({ ...task, folder }),
    isThere: async (before) => existsSync(before.kind === 'uup' ? before.folder : before.file),
  })
  const built = await steps.run({
    name: 'media',
    inputs: [await stages.buildKey(guest.name, choice, media)],
    async make(folder) {
      const { boot, install: image, image: facts } = await stages.build({ ...task, folder, medium })
      // The folder gets its name when it is done. What lies elsewhere is the user's own, and stays there.
      return { boot: relative(folder, boot), image: image.startsWith(folder) ? relative(folder, image) : image, facts }
    },
    isThere: async ({ image }) => !isAbsolute(image) || existsSync(image),
  })
  const { boot, image, facts } = built.result
  const system = await installSystem(steps, {
    ...{ programs: install.programs, place: install.place, signal },
    shape: installingShape(install),
    firmware,
    ...{ tpm, virtio },
    media: [resolve(built.folder, boot), resolve(built.folder, image)],
    diskBytes: install.diskBytes ?? 64 * gibibyte,
    limits: install.limits ?? limitsOf(install.accelerator),
    evidence: join(parent, 'failed'),
    onReport: progress.report,
    ...(install.onMachine && { onMachine: install.onMachine }),
  })
  await publish(parent, system.folder, system.key, {
    ...{ edition: facts.edition, language: facts.language, architecture: facts.architecture },
    ...{ profile: choice.profile, firmware: choice.firmware, tpm: choice.tpm, devices: virtio ? 'virtio' : 'inbox' },
    ...{ build: facts.build, provenance: medium.provenance },
    wishes,
  })
  if (!keep) {
    await artifacts.collect([])
  }
}

/** Memory enough that Windows does not swap while it sets itself up, and two processors at least: emulated, one. */
function installingShape({ guest, accelerator, cpuModel }: WindowsInstall): MachineShape {
  return {
    ...{ machineType: guest.machineType, accelerator, cpuModel, screen: guest.screen, devices: 'inbox' },
    cpus: defaultCpus({ ...guest, cpus: Math.max(2, guest.cpus) }, accelerator),
    memoryMiB: Math.max(installMemoryMiB, guest.memoryMiB),
  }
}

/** With acceleration a stage takes minutes; in software some twenty times as long. Nobody has measured the latter. */
function limitsOf(accelerator: Accelerator): Record<BootStage, InstallLimits> {
  const slower = accelerator === 'tcg' ? 20 : 1
  const boots = (silence: number, boot: number): InstallLimits => ({
    silence: silence * slower * minute,
    boot: boot * slower * minute,
  })
  const limits = (stage: ReportStage, silence: number, boot: number): InstallLimits => ({
    ...boots(silence, boot),
    steps: Object.fromEntries(
      Object.entries(minutesOf(stage)).map(([step, minutes]) => [step, minutes * slower * minute]),
    ),
  })
  return {
    pe: limits('pe', 10, 120),
    specialize: limits('specialize', 20, 90),
    logon: limits('logon', 20, 180),
    virtio: boots(10, 30),
  }
}

/** Puts the disk and what boots it where guests lie, and says that it is the one in use. */
async function publish(parent: string, made: string, key: string, note: InstalledNote): Promise<void> {
  const draft = join(parent, `.draft-${key}`)
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  for (const name of Object.values(guestFileNames).filter((each) => existsSync(join(made, each)))) {
    const [from, to] = [join(made, name), join(draft, name)]
    await link(from, to).catch(() => copyFile(from, to))
  }
  await writeGuestId(draft)
  await writeNote(draft, note)
  const folder = join(parent, key)
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  await makeCurrent(parent, key)
}
