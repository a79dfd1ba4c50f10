/** Stages in which the installing guest reports: WinPE, SYSTEM before the first logon, the first logon. */
export const reportStages = ['pe', 'specialize', 'logon'] as const
export type ReportStage = (typeof reportStages)[number]

/** What a stage reports as done when all of it went well, just before the guest powers off or restarts. */
export const finalStep = 'finish'

/**
 * One line of the installing guest on its first serial port:
 * `osrun: <stage> <step> begin|done|percent <0-100>|skipped <why>|failed <why>`, ASCII, ended by a line feed with or
 * without a carriage return. What does not begin with `osrun: ` is a person's.
 */
export type Report = { readonly stage: ReportStage; readonly step: string } & (
  | { readonly state: 'begin' | 'done' }
  | { readonly state: 'percent'; readonly percent: number }
  | { readonly state: 'skipped' | 'failed'; readonly why: string }
)

const line = /^osrun: (pe|specialize|logon) ([a-z0-9][a-z0-9-]{0,63}) (begin|done|percent|skipped|failed)(?: (.*))?$/

/** What a line of the serial port reports, or undefined where it is a person's. The guest is not trusted. */
export function parseReport(text: string): Report | undefined {
  const found = line.exec(text.replace(/\r?\n?$/, '').slice(0, 1000))
  if (found === null) {
    return undefined
  }
  const [, stage, step, state, rest = ''] = found as unknown as [string, ReportStage, string, string, string?]
  switch (state) {
    case 'begin':
    case 'done':
      return { stage, step, state }
    case 'percent': {
      const percent = Number(rest)
      return rest.trim() !== '' && percent >= 0 && percent <= 100 ? { stage, step, state, percent } : undefined
    }
    default:
      return { stage, step, state: state as 'skipped' | 'failed', why: rest.trim() }
  }
}
