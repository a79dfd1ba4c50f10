import { readdir, readFile } from 'node:fs/promises'
import { execa } from 'execa'

/** An environment variable that all processes of a run inherit, so that other runs on this computer are not counted. */
export const runVariable = 'OSRUN_TEST_RUN'

/** Processes that the run started and that still live, one line each. */
export async function findProcesses(run: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return environment.split('\0').includes(`${runVariable}=${run}`) ? [`${pid}: ${words.slice(0, 3).join(' ')}`] : []
    }),
  )
  return found.flat()
}

/** All containers, running or not, as `docker ps -a` lists them. */
export async function findContainers(): Promise<string[]> {
  const listed = await execa('docker', ['ps', '--all', '--format', '{{.ID}} {{.Image}}'], {
    reject: false,
    stdin: 'ignore',
  })
  // Without an engine there is no container.
  return listed.failed || listed.stdout === '' ? [] : listed.stdout.split('\n').sort()
}
