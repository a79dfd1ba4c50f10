// What a person is told of files that travel.

import type { BroughtBack } from './bring-back.ts'
import type { Sent } from './send-files.ts'

/** @param total bytes that were sent */
export function sentWords({ written, removed }: Sent, total: number): string {
  const gone = removed.length > 0 ? `, ${count(removed.length, 'file')} removed` : ''
  return `${count(written.length, 'file')} sent${gone} (${bytes(total)})`
}

/** A line for each kind of what came back, and what did not. */
export function backWords({ written, removed, kept, left }: BroughtBack): string[] {
  const lines: string[] = []
  if (written.length > 0) {
    lines.push(`written by the suite: ${shorten(written)}`)
  }
  if (removed.length > 0) {
    lines.push(`removed by the suite: ${shorten(removed)}`)
  }
  if (kept.length > 0) {
    lines.push(`changed on this computer too, and left as they are here: ${shorten(kept)}`)
  }
  if (left.length > 0) {
    const files = count(left.length, 'file')
    lines.push(`${files} that git ignores stayed in the guest (--include brings them): ${shorten(left)}`)
  }
  return lines
}

export function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** A size for a person. */
export function bytes(number: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const power = Math.min(Math.floor(Math.log10(Math.max(number, 1)) / 3), units.length - 1)
  return power === 0 ? `${number} bytes` : `${(number / 1000 ** power).toPrecision(3)} ${units[power]}`
}
