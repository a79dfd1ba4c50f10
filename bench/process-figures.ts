import { readFile } from 'node:fs/promises'

/** Page faults of a process since its start. */
export interface PageFaults {
  readonly minor: number
  readonly major: number
}

export async function pageFaults(pid: number): Promise<PageFaults> {
  return parsePageFaults(await readFile(`/proc/${pid}/stat`, 'utf8'))
}

/** @param stat the line of `/proc/PID/stat`; the second field is a name in parentheses, which may hold any character */
export function parsePageFaults(stat: string): PageFaults {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { minor: Number(fields[7]), major: Number(fields[9]) }
}
