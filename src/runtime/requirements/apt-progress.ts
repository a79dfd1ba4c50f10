/** What apt is doing, as a line for its status file descriptor says it. */
export interface AptProgress {
  readonly phase: string
  /** 0 to 100, of this stage: downloading and installing are one each. */
  readonly percent?: number
}

/** Makes apt tell its progress on stdout, without a terminal's escapes, and wait for another apt that is at work. */
export const aptProgressOptions = [
  ...['-o', 'APT::Status-Fd=1'],
  ...['-o', 'Dpkg::Use-Pty=0'],
  ...['-o', 'DPkg::Lock::Timeout=300'],
] as const

/** The progress in a line of apt's output; undefined for any other line. */
export function parseAptProgress(line: string): AptProgress | undefined {
  if (/^Waiting for .*lock/.test(line)) {
    return { phase: 'waiting for another package manager to end' }
  }
  // A package's name may hold a colon before its architecture.
  const status = /^(dl|pm)status:.+?:(\d+(?:\.\d+)?):(.*)$/.exec(line)
  if (status === null) {
    return undefined
  }
  const [, stage, percent, what = ''] = status
  const file = /^Retrieving (file \d+ of \d+)/.exec(what)?.[1]
  return { phase: stage === 'dl' ? `downloading ${file ?? ''}`.trim() : uncapitalized(what), percent: Number(percent) }
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
