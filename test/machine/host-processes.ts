import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'

/**
 * Process ids of the QEMUs that this process's own servers run, and whose command line holds `text`: machines of other
 * servers have the same names.
 */
export async function qemus(text: string): Promise<number[]> {
  const pids = await processes(
    ([program = '', ...words]) => basename(program).startsWith('qemu-system') && words.join().includes(text),
  )
  const owned = await Promise.all(pids.map((pid) => descends(pid, process.pid)))
  return pids.filter((_, index) => owned[index])
}

async function descends(pid: number, ancestor: number): Promise<boolean> {
  for (let at = pid; at > 1; at = await parentOf(at)) {
    if (at === ancestor) {
      return true
    }
  }
  return false
}

/** 0 where the process is gone. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The program's name may hold anything, and ends at the last bracket.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

/** Process ids of the programs on this computer whose command line is one that is looked for. */
export async function processes(matches: (words: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => matches(lines[index]?.split('\0') ?? [])).map(Number)
}
