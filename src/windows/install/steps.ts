import type { ReportStage } from '../report.ts'

/** A step of the installation, as the guest reports it. */
export interface InstallStep {
  readonly stage: ReportStage
  readonly step: string
  /** For a person, in the midst of a line. */
  readonly title: string
  /**
   * The longest that it may take, in minutes, on a machine with KVM. In the stages `specialize` and `logon` the guest
   * keeps it; WinPE has nothing that could, so in `pe` it is the host's matter.
   */
  readonly minutes: number
}

/** All steps, in their order. What the scripts report and what stands here is the same, which a test checks. */
export const installSteps: readonly InstallStep[] = [
  { stage: 'pe', step: 'start', title: 'starting WinPE', minutes: 5 },
  { stage: 'pe', step: 'machine', title: 'looking at the machine', minutes: 1 },
  { stage: 'pe', step: 'medium', title: 'finding the media', minutes: 3 },
  { stage: 'pe', step: 'load', title: 'loading drivers', minutes: 5 },
  { stage: 'pe', step: 'firmware', title: 'looking at the firmware', minutes: 2 },
  { stage: 'pe', step: 'disk', title: 'partitioning the disk', minutes: 5 },
  { stage: 'pe', step: 'apply', title: 'applying the image', minutes: 60 },
  { stage: 'pe', step: 'boot', title: 'making the disk bootable', minutes: 5 },
  { stage: 'pe', step: 'registry', title: 'editing the registry', minutes: 5 },
  { stage: 'pe', step: 'drivers', title: 'adding drivers', minutes: 15 },
  { stage: 'pe', step: 'files', title: "copying osrun's files", minutes: 5 },
  { stage: 'pe', step: 'finish', title: 'ending WinPE', minutes: 2 },
  { stage: 'specialize', step: 'start', title: 'preparing Windows', minutes: 5 },
  { stage: 'specialize', step: 'account', title: 'enabling the account', minutes: 5 },
  { stage: 'specialize', step: 'power', title: 'setting power options', minutes: 5 },
  { stage: 'specialize', step: 'recovery', title: 'setting boot options', minutes: 5 },
  { stage: 'specialize', step: 'apps', title: 'removing apps', minutes: 20 },
  { stage: 'specialize', step: 'tasks', title: 'disabling scheduled tasks', minutes: 5 },
  { stage: 'specialize', step: 'finish', title: 'ending the first start', minutes: 1 },
  { stage: 'logon', step: 'start', title: 'logging on', minutes: 5 },
  { stage: 'logon', step: 'account', title: 'setting automatic logon', minutes: 5 },
  { stage: 'logon', step: 'firewall', title: 'opening the firewall to the agent', minutes: 5 },
  { stage: 'logon', step: 'agent', title: 'starting the agent', minutes: 5 },
  { stage: 'logon', step: 'defender', title: 'removing Defender', minutes: 20 },
  { stage: 'logon', step: 'own', title: 'running your own steps', minutes: 60 },
  { stage: 'logon', step: 'shrink', title: 'shrinking the disk', minutes: 60 },
  { stage: 'logon', step: 'tidy', title: 'tidying up', minutes: 5 },
  { stage: 'logon', step: 'finish', title: 'powering off', minutes: 5 },
]

/** The steps of one stage as the guest's settings have them: name to minutes. */
export function minutesOf(stage: ReportStage): Record<string, number> {
  return Object.fromEntries(
    installSteps.filter((each) => each.stage === stage).map((each) => [each.step, each.minutes]),
  )
}

/**
 * How far dism has come, from 0 to 100, by the last progress bar in what the port has said; undefined where there is
 * none. While step `apply` runs, its bar comes on the port as it is, with carriage returns and no line ends.
 */
export function dismPercent(text: string): number | undefined {
  const percent = Number([...text.matchAll(/\[[=\s]*(\d{1,3}(?:\.\d+)?)%[=\s]*\]/g)].at(-1)?.[1] ?? Number.NaN)
  return percent <= 100 ? percent : undefined
}
