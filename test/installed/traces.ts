import { readdir, readFile } from 'node:fs/promises'
import { execa } from 'execa'

/** What a run may leave behind: processes and containers of osrun, one line each. */
export async function findTraces(): Promise<string[]> {
  return [...(await findProcesses()), ...(await findContainers())].sort()
}

async function findProcesses(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return isOurs(words) ? [`process ${pid}: ${words.slice(0, 4).join(' ')}`] : []
    }),
  )
  return lines.flat()
}

function isOurs(words: readonly string[]): boolean {
  const programs = words.slice(0, 2).map((word) => word.split('/').at(-1) ?? '')
  return (
    programs.some((name) => name.startsWith('qemu-system')) || (words.includes('serve') && words.includes('--cache'))
  )
}

async function findContainers(): Promise<string[]> {
  const listed = await execa('docker', ['ps', '--all', '--format', 'container {{.ID}} {{.Image}} {{.Status}}'], {
    reject: false,
    stdin: 'ignore',
  })
  // Without an engine there is no container.
  return listed.failed || listed.stdout === '' ? [] : listed.stdout.split('\n')
}
