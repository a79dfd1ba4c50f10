import { copyFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { baseName, linkLayers } from '../../machines/disk.ts'
import { asDiskFull } from '../../machines/disk-full.ts'
import { firmwareNames, variablesIn } from '../../machines/firmware.ts'
import type { Machine, MachinePlace, Programs } from '../../machines/machine.ts'
import type { Firmware, MachineShape } from '../../machines/shape.ts'
import { tpmName } from '../../machines/tpm.ts'
import { OsrunError } from '../../protocol/errors.ts'
import { sha256OfFile } from '../../snapshots/digest.ts'
import type { Report } from '../report.ts'
import type { Artifact } from './artifacts.ts'
import { type BootStage, type InstallLimits, installBoot, trialBoot, type WatchedBoot } from './install-boot.ts'
import type { Steps } from './steps.ts'

/** What a system is installed with. */
export interface SystemInstall {
  readonly programs: Programs
  /** A place for one more machine. */
  readonly place: () => MachinePlace
  /** Of the machine that installs; one with more memory or processors than will run later is quicker. */
  readonly shape: MachineShape
  /** UEFI, with the variables of a new machine; without it a BIOS starts the machine. */
  readonly firmware?: Firmware | undefined
  /** A new TPM 2.0, which then goes with the system. */
  readonly tpm?: boolean
  /** The media bring drivers of virtio: the system gets to know its devices, and then has to start on them alone. */
  readonly virtio?: boolean
  /** The first is what the machine starts from. */
  readonly media: readonly string[]
  /** Bytes of the disk that the system sees. */
  readonly diskBytes: number
  readonly limits: Readonly<Record<BootStage, InstallLimits>>
  /** Where what is known of a failure is kept. */
  readonly evidence: string
  readonly onReport: (report: Report) => void
  readonly onMachine?: (machine: Machine | undefined) => void
  readonly signal: AbortSignal
}

/** A disk layer over those before it. */
interface Layer {
  readonly layer: string
}

/**
 * Installs a system by booting it as often as it takes, each boot a step of its own: from the media, which apply the
 * image and power off; from the disk, until it has set itself up; and once more, for its first logon. Where it is to run
 * on virtio, its devices are there beside those it works by from the second boot on, for the media want one disk alone;
 * then it is booted on them, as its machines will be from then on, until its agent answers there. The last step makes
 * one compressed disk of all that. A firmware goes with it from the first step on: its code stays the same, and what it
 * remembers is that of the last boot, as is what a TPM holds.
 * @returns the artifact with `disk.qcow2`, by UEFI `firmware.fd` and `variables.fd`, and with a TPM `tpm.state`
 * @throws OsrunError INSTALL_FAILED, DISK_FULL, QEMU_UNUSABLE, CANCELED
 */
export async function installSystem(steps: Steps, install: SystemInstall): Promise<Artifact<{ disk: string }>> {
  const { programs, diskBytes, firmware, tpm = false, signal } = install
  const blank = await steps.run({
    name: 'blank',
    inputs: [diskBytes, ...(firmware === undefined ? [] : await digestsOf(firmware)), ...(tpm ? ['tpm'] : [])],
    async make(folder) {
      if (firmware !== undefined) {
        await copyFile(firmware.code, join(folder, firmwareNames.code))
        await copyFile(firmware.variables, variablesIn(folder))
      }
      await qemuImg(programs, folder, ['create', '-q', '-f', 'qcow2', baseName, String(diskBytes)], signal)
      return { layer: baseName }
    },
  })
  const applied = await boot(steps, install, 'pe', [blank])
  const specialized = await boot(steps, install, 'specialize', [blank, applied])
  const loggedOn = await boot(steps, install, 'logon', [blank, applied, specialized])
  if (install.virtio) {
    await tryOnVirtio(steps, install, [blank, applied, specialized, loggedOn])
  }
  return steps.run({
    name: 'disk',
    inputs: [],
    async make(folder) {
      await compress(programs, folder, [blank, applied, specialized, loggedOn], signal)
      if (firmware !== undefined) {
        await copyFile(join(blank.folder, firmwareNames.code), join(folder, firmwareNames.code))
        await copyFile(variablesIn(loggedOn.folder), variablesIn(folder))
      }
      if (tpm) {
        await copyFile(join(loggedOn.folder, tpmName), join(folder, tpmName))
      }
      return { disk: 'disk.qcow2' }
    },
  })
}

type Layers = readonly [Artifact<Layer>, ...Artifact<Layer>[]]

function boot(
  steps: Steps,
  install: SystemInstall,
  stage: Exclude<BootStage, 'virtio'>,
  below: Layers,
): Promise<Artifact<Layer>> {
  const shape = shapeOf(install, stage, below)
  return steps.run({
    name: stage,
    // The media's own artifact is in the key of the step before; what is booted with counts as well.
    inputs: [keyOf(shape)],
    make: async (folder) => ({ layer: await installBoot({ ...bootOf(install, stage, shape, below), folder }) }),
  })
}

async function tryOnVirtio(steps: Steps, install: SystemInstall, below: Layers): Promise<void> {
  const shape = shapeOf(install, 'virtio', below)
  await steps.run({
    name: 'virtio',
    inputs: [keyOf(shape)],
    async make() {
      await trialBoot(
        bootOf(install, 'virtio', shape, below),
        'The same command tries it again; without `--virtio-drivers` (`media.virtioDrivers`) it installs the guest for ' +
          'the devices that Windows itself brings drivers for.',
      )
      return {}
    },
  })
}

function shapeOf(install: SystemInstall, stage: BootStage, below: Layers): MachineShape {
  const [first, last] = [below[0].folder, (below.at(-1) ?? below[0]).folder]
  const firmware = { code: join(first, firmwareNames.code), variables: variablesIn(last) }
  const { devices: own, ...shape } = install.shape
  const devices = stage === 'pe' || !install.virtio ? own : stage === 'virtio' ? undefined : 'both'
  return {
    ...shape,
    ...(devices && { devices }),
    ...(install.firmware !== undefined && { firmware }),
    ...(install.tpm && { tpm: stage === 'pe' ? {} : { state: join(last, tpmName) } }),
  }
}

function bootOf(install: SystemInstall, stage: BootStage, shape: MachineShape, below: Layers): WatchedBoot {
  const { programs, place, limits, media, evidence, onReport, onMachine, signal } = install
  const [base = '', ...layers] = below.map(({ folder, result }) => join(folder, result.layer))
  const origin = { shape, layers: layers.reverse(), base, ...(stage === 'pe' && { media }) }
  return { programs, place: place(), origin, stage, limits: limits[stage], evidence, onReport, onMachine, signal }
}

async function digestsOf({ code, variables }: Firmware): Promise<string[]> {
  return [await sha256OfFile(code), await sha256OfFile(variables)]
}

/** An installation that was begun under one accelerator goes on under another. */
function keyOf({ machineType, devices, screen }: MachineShape): unknown[] {
  return [machineType, devices ?? null, screen]
}

async function compress(
  programs: Programs,
  folder: string,
  chain: readonly Artifact<Layer>[],
  signal: AbortSignal,
): Promise<void> {
  const [base = '', ...layers] = chain.map((each) => join(each.folder, each.result.layer))
  await linkLayers(folder, layers, base)
  const top = basename(layers.at(-1) ?? '')
  const words = ['convert', '-f', 'qcow2', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', top, 'disk.qcow2']
  await qemuImg(programs, folder, words, signal)
  await Promise.all([baseName, ...layers.map((layer) => basename(layer))].map((name) => rm(join(folder, name))))
}

async function qemuImg(programs: Programs, folder: string, words: readonly string[], signal: AbortSignal) {
  const result = await execa(programs.qemuImg, words, { cwd: folder, cancelSignal: signal, reject: false })
  if (result.isCanceled) {
    throw new OsrunError('CANCELED', 'The installation was canceled while its disk was made.')
  }
  if (result.failed) {
    const error = new OsrunError(
      'INSTALL_FAILED',
      `\`qemu-img ${words[0]}\` failed: ${result.stderr || result.message}`,
    )
    throw asDiskFull(error, dirname(folder))
  }
}
