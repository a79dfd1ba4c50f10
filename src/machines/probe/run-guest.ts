import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { OsrunError } from '../../protocol/errors.ts'
import { type Accelerator, exitStatus, probeArguments } from './arguments.ts'
import { probeFirmware, probeSteps } from './guest.ts'

/** How a run of the guest ended: what came first, after which steps, and the last words of QEMU. */
export interface GuestRun {
  end: 'works' | 'wrong-result' | 'stopped' | 'reset' | 'exited' | 'flooded' | 'deadline' | 'unstartable'
  /** QEMU's exit status or signal, or the code of the error that kept it from starting. */
  status: string
  /** The letters of the steps that were begun: the last one is where the guest is or was. */
  steps: string
  /** The end of QEMU's stderr: at most 3 lines and 300 characters. */
  words: string
  durationMs: number
}

/**
 * Runs the probe's guest until its exit, QEMU's exit, the accelerator's error or the deadline, whichever comes first.
 * QEMU is gone when this settles. An aborted `signal` ends it as `stopped`: the caller knows that it did.
 *
 * @throws OsrunError `DISK_FULL` if the guest cannot be written to the folder for temporary files.
 */
export async function runGuest(options: {
  qemu: string
  accelerator: Accelerator
  deadlineMs: number
  signal?: AbortSignal | undefined
}): Promise<GuestRun> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun-probe-')).catch(rejectTemporaryFolder)
  try {
    const firmware = join(folder, 'guest.bin')
    await writeFile(firmware, probeFirmware()).catch(rejectTemporaryFolder)
    return await runQemu({ ...options, firmware })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function rejectTemporaryFolder(cause: Error): never {
  const message = `The folder for temporary files cannot be written: ${cause.message}. Free room there, or set TMPDIR`
  throw new OsrunError('DISK_FULL', message, { cause })
}

async function runQemu(options: {
  qemu: string
  accelerator: Accelerator
  firmware: string
  deadlineMs: number
  signal?: AbortSignal | undefined
}): Promise<GuestRun> {
  const { qemu, accelerator, firmware, deadlineMs, signal } = options
  const stop = new AbortController()
  const qemuArguments = probeArguments({ accelerator, firmware })
  const running = execa(qemu, qemuArguments, {
    reject: false,
    stdin: 'ignore',
    timeout: deadlineMs,
    cancelSignal: signal ? AbortSignal.any([stop.signal, signal]) : stop.signal,
    killSignal: 'SIGKILL',
    killDescendants: true, // `qemu` may be a script around the real one
    maxBuffer: 64 * 1024,
  })

  // QEMU itself stays, with its machine stopped in the run state `internal-error`.
  let heard = ''
  running.stderr.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    if (acceleratorError.test(heard)) {
      stop.abort()
    }
  })

  const result = await running
  const steps = [...result.stdout].filter((letter) => probeSteps.has(letter)).join('')
  return {
    end: endOf(result, stop.signal.aborted, steps),
    status: String(result.exitCode ?? result.signal ?? result.code ?? 'unknown'),
    steps,
    words: lastWords(result.stderr),
    durationMs: Math.round(result.durationMs),
  }
}

const acceleratorError = /KVM internal error|KVM: entry failed|KVM: unknown exit|kvm run failed/

function endOf(
  result: { timedOut: boolean; isCanceled: boolean; isMaxBuffer: boolean; exitCode?: number; signal?: string },
  stopped: boolean,
  steps: string,
): GuestRun['end'] {
  if (stopped || result.isCanceled) {
    return 'stopped'
  }
  if (result.timedOut) {
    return 'deadline'
  }
  if (result.isMaxBuffer) {
    return 'flooded'
  }
  if (result.exitCode === undefined && result.signal === undefined) {
    return 'unstartable'
  }
  if (steps.endsWith('D') && result.exitCode === exitStatus.works) {
    return 'works'
  }
  if (steps !== '' && result.exitCode === exitStatus.wrongResult) {
    return 'wrong-result'
  }
  // A triple fault resets the machine, which -no-reboot turns into an ordinary exit.
  return steps !== '' && result.exitCode === 0 ? 'reset' : 'exited'
}

function lastWords(stderr: string): string {
  const lines = stderr.split(/\r?\n/).map((line) => line.replace(/[^\x20-\x7e]/g, '').trim())
  const cause = lines.find((line) => acceleratorError.test(line))
  const words =
    cause ??
    lines
      .filter((line) => line !== '')
      .slice(-3)
      .join(' | ')
  return words.slice(-300)
}
