import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** Rows below their heads, each column as wide as its widest cell; the heads are bold where the stream shows that. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[], stream: Writable): string {
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [styleText('bold', line(heads), { stream }), ...rows.map(line), ''].join('\n')
}

/** A time for a person, to the minute. @param time in ISO 8601 */
export function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}
