import { spawn } from 'node:child_process'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'

/** Gives a lock back; safe to call twice. */
export type Unlock = () => Promise<void>

/**
 * Takes the lock on `path` among all processes of this computer, waiting as long as another holds it. The kernel lets
 * go of it when its holder ends, however it ends.
 * @throws OsrunError CANCELED
 */
export async function lock(path: string, signal?: AbortSignal): Promise<Unlock> {
  const unlock = await take(path, [], signal)
  if (unlock === undefined) {
    throw new OsrunError('INTERNAL', `The lock ${path} was refused although its holder was waited for.`)
  }
  return unlock
}

/** The same without waiting: undefined where another holds the lock. */
export function tryLock(path: string): Promise<Unlock | undefined> {
  return take(path, ['--nonblock', '--conflict-exit-code', String(conflict)])
}

async function take(path: string, flags: readonly string[], signal?: AbortSignal): Promise<Unlock | undefined> {
  await mkdir(dirname(path), { recursive: true })
  for (;;) {
    const handle = await open(path, 'a')
    let open_ = true
    const unlock = async () => {
      if (open_) {
        open_ = false
        await handle.close()
      }
    }
    // flock(1) locks the open file that it inherits; the lock stays with it when flock ends, until we close it.
    const { code, error } = await runFlock(flags, handle.fd, signal)
    if (code === 0 && (await isAt(handle, path))) {
      return unlock
    }
    await unlock()
    if (code === conflict) {
      return undefined
    }
    if (code !== 0) {
      throw signal?.aborted
        ? new OsrunError('CANCELED', `Waiting for the lock ${path} was canceled.`)
        : new OsrunError(
            'HOST_INCOMPLETE',
            `Expected \`flock\` (package util-linux) to lock ${path}: ${error ?? code}.`,
          )
    }
  }
}

/** False where the file was removed meanwhile: the next who asks would lock another one. */
async function isAt(handle: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
  return held.ino === there?.ino && held.dev === there.dev
}

const conflict = 75

// execa takes no bare file descriptor beyond the standard three.
async function runFlock(flags: readonly string[], fd: number, signal?: AbortSignal) {
  const child = spawn('flock', ['--exclusive', ...flags, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    ...(signal === undefined ? {} : { signal }),
  })
  return new Promise<{ code: number | null; error?: string }>((resolve) => {
    child.on('error', ({ message }) => resolve({ code: null, error: message }))
    child.on('close', (code) => resolve({ code }))
  })
}
