import { OsrunError } from '../../protocol/errors.ts'
import type { Accelerator } from './arguments.ts'
import { type Answer, answerKey, readAnswer, writeAnswer } from './cache.ts'
import { kvmDeviceProblem } from './device.ts'
import { reasonFor } from './reason.ts'
import { type GuestRun, runGuest } from './run-guest.ts'

export interface ProbeOptions {
  /** Path of `qemu-system-x86_64`. */
  qemu: string
  /** `auto` takes the platform's accelerator where it works, else TCG. */
  requested: 'auto' | Accelerator
  /** Folder of `accelerator.json`; made if it is missing. */
  cacheFolder: string
  /** Milliseconds that the guest may take, greater than 0; default 5000. */
  deadlineMs?: number | undefined
  signal?: AbortSignal | undefined
  /** What must be open to this process for KVM; default `/dev/kvm`. */
  kvmDevice?: string | undefined
  /** This computer's processor, as Node names it; default that of this process. */
  processor?: string | undefined
}

export interface ProbedAccelerator {
  accelerator: Accelerator
  /** One sentence for the user: why this accelerator, and the next step where a better one failed. */
  reason: string
  /** True if the guest has shown this earlier in this boot of the host. */
  cached: boolean
}

/**
 * Finds out which accelerator runs a guest on this host, by running a tiny one: a `/dev/kvm` that opens may still not
 * execute what a kernel executes. What the guest has shown is kept for this boot of the host; a QEMU that did not start
 * it, or a deadline, may be another matter at the next try and is not kept.
 *
 * @throws OsrunError `ACCELERATOR_UNUSABLE` if the accelerator was asked for by name and does not work, `CANCELED`,
 *   or `DISK_FULL` if the folder for temporary files cannot be written.
 */
export async function probeAccelerator(options: ProbeOptions): Promise<ProbedAccelerator> {
  const { requested, signal, processor = process.arch } = options
  throwIfCanceled(signal)
  if (requested === 'tcg') {
    return { accelerator: 'tcg', reason: 'TCG was asked for', cached: false }
  }
  const accelerator = requested === 'auto' ? platformAccelerator() : requested
  if (accelerator === undefined) {
    return { accelerator: 'tcg', reason: `osrun runs guests under TCG on ${process.platform}`, cached: false }
  }
  const foreign = processor === 'x64' ? undefined : foreignProcessor(accelerator, processor)
  const answer = foreign ?? (await ask(accelerator, options))
  if (answer.works) {
    return { accelerator, reason: answer.reason, cached: answer.cached }
  }
  if (requested === 'auto' && foreign !== undefined) {
    return { accelerator: 'tcg', reason: `${foreign.reason}. They run under TCG, in software`, cached: false }
  }
  if (requested === 'auto') {
    const reason = `${answer.reason}. Until then guests run under TCG, in software and 10 to 20 times slower`
    return { accelerator: 'tcg', reason, cached: answer.cached }
  }
  throw new OsrunError('ACCELERATOR_UNUSABLE', `${answer.reason}; or choose 'auto' or 'tcg' to go on in software`)
}

function platformAccelerator(): keyof typeof platformOf | undefined {
  return process.platform === platformOf.kvm ? 'kvm' : process.platform === platformOf.hvf ? 'hvf' : undefined
}

// Guests are x86-64, and KVM and HVF run code of the host's own processor only: there is nothing to try.
function foreignProcessor(accelerator: Accelerator, processor: string) {
  const reason = `${accelerator.toUpperCase()} cannot run guests, which are x86-64, on this computer's ${processor}`
  return { works: false, reason, cached: false }
}

const platformOf = { kvm: 'linux', hvf: 'darwin' } as const

async function ask(accelerator: keyof typeof platformOf, options: ProbeOptions): Promise<Answer & { cached: boolean }> {
  const { qemu, cacheFolder, deadlineMs = 5000, signal, kvmDevice = '/dev/kvm' } = options
  if (process.platform !== platformOf[accelerator]) {
    const reason = `${accelerator.toUpperCase()} is not there: it is a part of ${platformOf[accelerator]}`
    return { works: false, reason, cached: false }
  }
  const device = accelerator === 'kvm' ? kvmDevice : undefined
  const problem = device && (await kvmDeviceProblem(device))
  if (problem) {
    return { works: false, reason: problem, cached: false }
  }
  const key = await answerKey({ accelerator, qemu, device })
  const kept = key && (await readAnswer(cacheFolder, key))
  if (kept) {
    return { ...kept, cached: true }
  }
  if (!(deadlineMs > 0)) {
    throw new OsrunError('BAD_OPTION', `Expected deadlineMs to be greater than 0, got ${deadlineMs}`)
  }
  const run = await runGuest({ qemu, accelerator, deadlineMs, signal })
  throwIfCanceled(signal)
  const answer = { works: run.end === 'works', reason: reasonFor(accelerator, run, deadlineMs) }
  if (key && shownByGuest.has(run.end)) {
    await writeAnswer(cacheFolder, key, answer)
  }
  return { ...answer, cached: false }
}

const shownByGuest: ReadonlySet<GuestRun['end']> = new Set(['works', 'stopped', 'wrong-result', 'reset'])

function throwIfCanceled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new OsrunError('CANCELED', 'The probe of the accelerator was canceled', { cause: signal.reason })
  }
}
