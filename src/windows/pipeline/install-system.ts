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
import type { Report, ReportStage } from '../report.ts'
import type { Artifact } from './artifacts.ts'
import { type InstallLimits, installBoot } from './install-boot.ts'
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
  /** The first is what the machine starts from. */
  readonly media: readonly string[]
  /** Bytes of the disk that the system sees. */
  readonly diskBytes: number
  readonly limits: Readonly<Record<ReportStage, InstallLimits>>
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
 * image and power off; from the disk, until it has set itself up; and once more, for its first logon. The last step
 * makes one compressed disk of all that. A firmware goes with it from the first step on: its code stays the same, and
 * what it remembers is that of the last boot, as is what a TPM holds.
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

function boot(
  steps: Steps,
  install: SystemInstall,
  stage: ReportStage,
  below: readonly [Artifact<Layer>, ...Artifact<Layer>[]],
): Promise<Artifact<Layer>> {
  const { programs, place, limits, media, evidence, onReport, onMachine, signal } = install
  const [base, ...layers] = below.map(({ folder, result }) => join(folder, result.layer))
  const [first, last] = [below[0].folder, (below.at(-1) ?? below[0]).folder]
  const firmware = { code: join(first, firmwareNames.code), variables: variablesIn(last) }
  const state = stage === 'pe' ? {} : { state: join(last, tpmName) }
  const shape = {
    ...install.shape,
    ...(install.firmware !== undefined && { firmware }),
    ...(install.tpm && { tpm: state }),
  }
  return steps.run({
    name: stage,
    // The media's own artifact is in the key of the step before; what is booted with counts as well.
    inputs: [keyOf(shape)],
    async make(folder) {
      const origin = {
        ...{ shape, layers: layers.reverse(), base: base ?? '' },
        ...(stage === 'pe' && { media }),
      }
      const layer = await installBoot({
        ...{ programs, place: place(), origin, stage, limits: limits[stage], folder },
        ...{ evidence, onReport, onMachine, signal },
      })
      return { layer }
    },
  })
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
