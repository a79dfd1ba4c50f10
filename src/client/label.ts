import { longestLabel } from '../protocol/messages.ts'

/** A label that the machine room takes: of a longer one the beginning and the end, which tells a path's file. */
export function cutLabel(label: string): string {
  if (label.length <= longestLabel) {
    return label
  }
  const characters = [...label]
  // A character may be two units of the length.
  const half = longestLabel / 4 - 1
  return `${characters.slice(0, half).join('')}…${characters.slice(-half).join('')}`
}
