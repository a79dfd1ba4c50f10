// Node's own modules only, as in all that the files of the suite load.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A QEMU that was started. */
export interface StartedQemu {
  readonly pid: number
  /** Rejects when QEMU ends before it was told to. */
  readonly early: Promise<never>
  /** Ends QEMU in order, so that its disk is whole for the next. */
  end(): Promise<void>
}

/** Starts QEMU, which ends with this process, however that ends. */
export function startQemu(qemu: string, words: readonly string[]): StartedQemu {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', qemu, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (piece) => {
    said += piece
  })
  const ended = once(child, 'close')
  const early = ended.then(([code]) => Promise.reject(new Error(`QEMU ended with exit code ${code}: ${said}`)))
  early.catch(() => {})
  return {
    pid: child.pid ?? 0,
    early,
    async end() {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(force)
    },
  }
}
