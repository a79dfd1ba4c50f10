import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'

/** Process ids of the QEMUs whose command line holds `text`. */
export function qemus(text: string): Promise<number[]> {
  return processes(
    ([program = '', ...words]) => basename(program).startsWith('qemu-system') && words.join().includes(text),
  )
}

/** Process ids of the programs on this computer whose command line is one that is looked for. */
export async function processes(matches: (words: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => matches(lines[index]?.split('\0') ?? [])).map(Number)
}
