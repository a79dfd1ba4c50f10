import { readFile } from 'node:fs/promises'

/** Page faults of a process since its start. */
export interface PageFaults {
  readonly minor: number
  readonly major: number
}

export async function pageFaults(pid: number): Promise<PageFaults> {
  return parsePageFaults(await readFile(`/proc/${pid}/stat`, 'utf8'))
}

/** Ticks in a second, which the kernel counts by for whoever asks, on every architecture that QEMU's guests run on. */
const ticks = 100

/** Seconds of the processors that this process's ended children took, and theirs. */
export async function endedChildrenSeconds(): Promise<number> {
  return parseEndedChildrenSeconds(await readFile('/proc/self/stat', 'utf8'))
}

/** @param stat as for `parsePageFaults` */
export function parseEndedChildrenSeconds(stat: string): number {
  const fields = fieldsOf(stat)
  return (Number(fields[13]) + Number(fields[14])) / ticks
}

/** @param stat the line of `/proc/PID/stat`; the second field is a name in parentheses, which may hold any character */
export function parsePageFaults(stat: string): PageFaults {
  const fields = fieldsOf(stat)
  return { minor: Number(fields[7]), major: Number(fields[9]) }
}

function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
