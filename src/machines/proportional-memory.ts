import { readFile } from 'node:fs/promises'

/** MiB that a process has of the host's memory, of what it shares its part; undefined where the host does not say. */
export async function proportionalMiB(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024
}
