import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import type { Progress } from '../../protocol/messages.ts'
import type { WindowsWishes } from '../../protocol/windows-wishes.ts'
import { checkRoom } from '../../snapshots/room.ts'
import { type Additions, installFiles } from '../install/files.ts'
import { readScripts } from '../install/init-folder.ts'
import { planInstall } from '../install/install.ts'
import type { InstallMedia, Medium, Wanted } from '../medium.ts'
import type { Profile, WindowsGuest } from '../windows-guests.ts'
import { type AdditionPaths, type HostFile, readAdditions } from './additions.ts'
import { demandBootImages } from './boot-files.ts'
import { makeBootWim } from './boot-wim.ts'
import { isoCommand } from './command-lines.ts'
import { type MediaInputs, mediaKey } from './key.ts'
import { openMedium } from './open-medium.ts'
import { runProgram } from './program.ts'
import { linkFile, putFiles } from './stage.ts'
import { openVirtioDrivers } from './virtio-drivers.ts'

/** What media are made of, and for whom. */
export interface MediaOptions extends Omit<AdditionPaths, 'virtio'> {
  readonly medium: Medium
  readonly wanted: Wanted
  readonly guest: WindowsGuest
  readonly profile: Profile
  /** What the boot medium must start by; a medium that has both starts by both. Default `bios`. */
  readonly firmware?: 'bios' | 'uefi' | undefined
  readonly wishes?: WindowsWishes | undefined
  /** The ISO virtio-win, or a folder with its drivers. */
  readonly virtioDrivers?: string | undefined
}

/** How they are made. */
export interface BuildOptions extends MediaOptions {
  /** Where they are left, as `boot.iso` and `install.iso`; made where it is missing. */
  readonly folder: string
  /** True for one ISO that boots and has the install image, too. Default false: a user's ISO is used as it is. */
  readonly single?: boolean | undefined
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
}

/** What media depend on; the medium may be in a key of its own. */
type InputOptions = Omit<MediaOptions, 'medium'> & { readonly medium?: Medium | undefined }

/**
 * All that the media depend on, for `mediaKey`: nothing is made, and the medium is not read.
 * @throws OsrunError BAD_OPTION, HOST_FILE_FAILED
 */
export async function mediaInputs(options: InputOptions): Promise<MediaInputs> {
  await using virtio = await openVirtioDrivers(options.virtioDrivers, options.guest)
  return (await gather(options, virtio.files)).inputs
}

async function gather(
  options: InputOptions,
  virtio: readonly HostFile[],
): Promise<{ additions: Additions; inputs: MediaInputs }> {
  const { medium, wanted, guest, profile, firmware, wishes = {} } = options
  const [scripts, { additions, digests }] = await Promise.all([readScripts(), readAdditions({ ...options, virtio })])
  const inputs = {
    provenance: medium?.provenance,
    wanted,
    guest,
    profile,
    firmware,
    wishes,
    scripts,
    additions: digests,
  }
  return { additions, inputs }
}

/**
 * Makes the media that a machine installs Windows from: one that boots into `pe.cmd`, and one with the install image.
 * Both appear in the folder when they are complete.
 * @throws OsrunError MEDIUM_UNUSABLE, BAD_OPTION, MEDIA_BUILD_FAILED, HOST_INCOMPLETE, DISK_FULL, CANCELED
 */
export async function buildMedia(options: BuildOptions): Promise<InstallMedia> {
  const { medium, wanted, guest, profile, firmware, wishes, folder, single = false, onProgress, signal } = options
  const say = (phase: string) => {
    if (signal?.aborted === true) {
      throw new OsrunError('CANCELED', `Making install media was canceled before ${phase}.`)
    }
    onProgress({ phase: `media of ${guest}: ${phase}` })
    return (percent: number) => onProgress({ phase: `media of ${guest}: ${phase}`, percent })
  }
  await mkdir(folder, { recursive: true })
  await checkRoom(folder, roomFor(medium, single), 'Making install media')
  const work = await mkdtemp(join(folder, '.work-'))
  const workshop = { folder: work, signal }
  try {
    await using virtio = await openVirtioDrivers(options.virtioDrivers, guest, signal)
    const { additions, inputs } = await gather(options, virtio.files)
    const opened = await openMedium(medium, wanted, { ...workshop, onPercent: say('looking through the medium') })

    say('gathering what boots')
    const stage = join(work, 'boot')
    await mkdir(join(stage, 'sources'), { recursive: true })
    await opened.putBootFiles(stage)
    const bootImages = await demandBootImages(stage, wanted.architecture, opened.name, firmware)

    const exporting = say('making boot.wim')
    await makeBootWim(opened, inputs.scripts, join(stage, 'sources/boot.wim'), { ...workshop, onPercent: exporting })

    const exported = await opened.install({ unpack: single, onPercent: say('making the install image') })
    const install = planInstall({ guest, profile, image: exported.image }, wishes)
    await putFiles(stage, installFiles(install, inputs.scripts, mediaKey(inputs), additions))

    const finish = async (from: string, name: string, label: string, boots: typeof bootImages | undefined) => {
      const onPercent = say(`writing ${name}`)
      const draft = join(work, name)
      const command = isoCommand(from, draft, label, boots)
      await runProgram(command, { ...workshop, onPercent, what: `writing ${name}` })
      await rename(draft, join(folder, name))
      return join(folder, name)
    }
    if (exported.kind === 'medium') {
      return {
        boot: await finish(stage, 'boot.iso', 'OSRUN_BOOT', bootImages),
        install: exported.file,
        image: exported.image,
      }
    }
    const other = single ? stage : join(work, 'install')
    for (const { file, name } of exported.files) {
      await linkFile(file, join(other, 'sources', name))
    }
    const boot = await finish(stage, 'boot.iso', 'OSRUN_BOOT', bootImages)
    const second = single ? boot : await finish(other, 'install.iso', 'OSRUN_INSTALL', undefined)
    return { boot, install: second, image: exported.image }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const bootRoom = 3 * 2 ** 30

function roomFor({ kind, provenance }: Medium, single: boolean): number {
  // A UUP set is exported, which takes more room, and then written to an ISO.
  const times = kind === 'uup' ? 4 : kind === 'iso' && !single ? 0 : kind === 'iso' ? 2 : 1
  return bootRoom + times * provenance.bytes
}
