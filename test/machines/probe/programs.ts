import { constants } from 'node:fs'
import { access, chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

/** The path of a program of this host, or `undefined`. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    ) {
      return path
    }
  }
  return undefined
}

/** A folder with a space in its name, gone after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun test '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A copy of the stand-in programs and a folder for temporary files, both in a folder with a space in its name. */
export async function makeBench(): Promise<{ folder: string; temporary: string; program(name: string): string }> {
  const folder = await makeFolder()
  const programs = join(folder, 'stand-in programs')
  const temporary = join(folder, 'temporary files')
  await cp(join(import.meta.dirname, 'fixtures'), programs, { recursive: true })
  await chmod(join(programs, 'real-qemu.mjs'), 0o644)
  await mkdir(temporary)
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  return { folder, temporary, program: (name) => join(programs, `${name}.mjs`) }
}

/** The process id that a stand-in program has noted, once it has. */
export async function notedPid(program: string): Promise<number> {
  const note = join(program, '..', 'pid')
  return vi.waitFor(
    async () => {
      const pid = Number.parseInt(await readFile(note, 'utf8'), 10)
      if (!(pid > 0)) {
        throw new Error(`No process id in ${note} yet`)
      }
      return pid
    },
    { timeout: 30_000 },
  )
}

/** Waits until the process has ended, and fails if it still runs after a while. */
export async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(
    async () => {
      if (await isRunning(pid)) {
        throw new Error(`Process ${pid} still runs`)
      }
    },
    { timeout: 10_000 },
  )
}

// A process that has ended stays in the table until its parent, or who took its place, has looked at it.
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return !/\) Z /.test(status)
}
