import { join } from 'node:path'
import type { MachinePlace, Programs } from '../../../src/machines/machine.ts'
import type { Firmware, MachineShape } from '../../../src/machines/shape.ts'
import { Artifacts } from '../../../src/windows/pipeline/artifacts.ts'
import type { BootStage, InstallLimits } from '../../../src/windows/pipeline/install-boot.ts'
import { installSystem } from '../../../src/windows/pipeline/install-system.ts'
import { Steps } from '../../../src/windows/pipeline/steps.ts'
import type { Report } from '../../../src/windows/report.ts'

/** The machines that the stand-in is installed in. */
export const standInShape: MachineShape = {
  ...{ machineType: 'pc-q35-10.0', accelerator: 'tcg', cpuModel: 'Skylake-Client-v4', cpus: 1, memoryMiB: 512 },
  ...{ screen: { width: 1024, height: 768 }, devices: 'inbox' },
}

/** A boot takes 10 to 30 seconds under software emulation, most of them without a word. */
const patient: InstallLimits = { silence: 240_000, boot: 400_000 }

/** One installation of the stand-in. */
export interface StandInInstall {
  /** Where the artifacts and what is known of a failure go. */
  readonly folder: string
  readonly programs: Programs
  readonly place: () => MachinePlace
  readonly media: readonly string[]
  /** Starts it by UEFI. */
  readonly firmware?: Firmware
  readonly tpm?: boolean
  readonly virtio?: boolean
  readonly limits?: Partial<Record<BootStage, InstallLimits>>
  readonly signal?: AbortSignal
  readonly onReport?: (report: Report) => void
  readonly onStep?: (step: string, reused: boolean) => void
}

/** Installs it as Windows is installed. */
export async function installStandIn(install: StandInInstall) {
  const { folder, programs, place, media, firmware, tpm, virtio, limits, onReport, onStep } = install
  const { signal = new AbortController().signal } = install
  const heard: string[] = []
  const steps = new Steps({
    artifacts: new Artifacts(join(folder, 'steps')),
    signal,
    onStep(step, reused) {
      heard.push(`${step}${reused ? ' again' : ''}`)
      onStep?.(step, reused)
    },
  })
  const reports: string[] = []
  const end = await installSystem(steps, {
    ...{
      programs,
      place,
      media,
      firmware,
      ...(tpm && { tpm }),
      ...(virtio && { virtio }),
      signal,
      shape: standInShape,
      diskBytes: 4 * 2 ** 30,
    },
    limits: { pe: patient, specialize: patient, logon: patient, virtio: patient, ...limits },
    evidence: join(folder, 'failed'),
    onReport(report) {
      reports.push([report.stage, report.step, report.state].join(' '))
      onReport?.(report)
    },
  }).then(
    (disk) => ({ disk: join(disk.folder, disk.result.disk), error: undefined }),
    (error: Error & { code?: string }) => ({ disk: undefined, error }),
  )
  return { ...end, heard, reports, steps }
}
