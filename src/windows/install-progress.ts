import type { Progress } from '../protocol/messages.ts'
import { installSteps } from './install/steps.ts'
import type { Report } from './report.ts'

const steps: Readonly<Record<string, string>> = {
  medium: 'getting the medium',
  media: 'building what the machine starts from',
  blank: 'making an empty disk',
  pe: 'starting from the medium',
  specialize: 'first start from the disk',
  logon: 'first logon',
  virtio: 'starting it on virtio devices',
  disk: 'compressing the disk',
}

/** Says for a person what an installation is doing. */
export class InstallProgress {
  readonly #guest: string
  readonly #say: (progress: Progress) => void

  constructor(guest: string, say: (progress: Progress) => void) {
    this.#guest = guest
    this.#say = say
  }

  /** A step begins, or need not be done again. */
  readonly step = (step: string, reused: boolean): void => {
    this.#tell(`${steps[step] ?? step}${reused ? ' (done before)' : ''}`)
  }

  /** What a step says of itself. */
  readonly within = ({ phase, percent, detail }: Progress): void => {
    // Some name the guest themselves.
    this.#tell(phase.replace(/^media of [a-z0-9]+: /, ''), percent, detail)
  }

  /** What the installing guest says of itself. */
  readonly report = (report: Report): void => {
    const known = installSteps.find(({ stage, step }) => stage === report.stage && step === report.step)
    const step = known?.title ?? `${report.stage}: ${report.step}`
    switch (report.state) {
      case 'begin':
        this.#tell(step)
        break
      case 'percent':
        this.#tell(step, report.percent)
        break
      case 'skipped':
      case 'failed':
        this.#tell(`${step} ${report.state}${report.why === '' ? '' : ` (${report.why})`}`)
        break
      case 'done':
        break
    }
  }

  #tell(phase: string, percent?: number, detail?: string): void {
    this.#say({
      phase: `guest ${this.#guest}: ${phase}`,
      ...(percent === undefined ? {} : { percent }),
      ...(detail === undefined ? {} : { detail }),
    })
  }
}
