import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { AgentGreeting } from '../../machines/agent-link.ts'
import { variablesIn } from '../../machines/firmware.ts'
import { LastWords } from '../../machines/last-words.ts'
import { Machine, type MachineOrigin, type MachinePlace, type Programs } from '../../machines/machine.ts'
import { takeScreenshot } from '../../machines/screenshot.ts'
import { tpmName } from '../../machines/tpm.ts'
import { formatDuration } from '../../protocol/duration.ts'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import type { Report, ReportStage } from '../report.ts'
import { StageWatch } from './stage-watch.ts'

/** A boot that is watched for what goes wrong in it. */
export interface WatchedBoot {
  readonly programs: Programs
  readonly place: MachinePlace
  readonly origin: Omit<MachineOrigin, 'memory' | 'network'>
  /** In the last one nothing is reported: the system is installed then. */
  readonly stage: BootStage
  readonly limits: InstallLimits
  /** Where the log and the screen of a boot that fails are kept; what lay there before goes. */
  readonly evidence: string
  readonly onReport: (report: Report) => void
  /** Hears of the machine while it runs: for who wants to see its screen. */
  readonly onMachine?: ((machine: Machine | undefined) => void) | undefined
  readonly signal: AbortSignal
}

export type BootStage = ReportStage | 'virtio'

/** One boot of the system that installs itself, from power on to power off. */
export interface InstallBoot extends WatchedBoot {
  /** Where the disk layer goes that the guest wrote, and what its firmware and its TPM remember. */
  readonly folder: string
}

/** How long an installing guest may take, in milliseconds. */
export interface InstallLimits {
  /** Without a word on the serial port and without a change on the screen. */
  readonly silence: number
  /** Of one boot. */
  readonly boot: number
  /** Of a step, by its name. A step without has no limit of its own. */
  readonly steps?: Readonly<Record<string, number>>
}

/**
 * Boots the guest and waits until it has said that its stage is done and has powered off, or restarts.
 * @returns the name of the disk layer in `folder`
 * @throws OsrunError INSTALL_FAILED naming the step, with the guest's last words and where its screen is kept;
 * CANCELED, QEMU_UNUSABLE, DISK_FULL
 */
export function installBoot(boot: InstallBoot): Promise<string> {
  const { place, origin, folder, signal } = boot
  return watchedBoot(boot, async (machine, watch) => {
    const how = await watch.end(signal)
    if (how !== undefined || !watch.finished) {
      return { how: how ?? 'the guest powered off' }
    }
    const name = basename(machine.overlay)
    await rename(machine.overlay, join(folder, name))
    if (origin.shape.firmware !== undefined) {
      await rename(variablesIn(place.folder), variablesIn(folder))
    }
    if (origin.shape.tpm !== undefined) {
      await rename(join(place.folder, tpmName), join(folder, tpmName))
    }
    return { done: name }
  })
}

/**
 * Boots the guest and waits until its agent answers. Whatever the guest wrote is forgotten.
 * @param next what to do where it fails
 * @throws OsrunError as `installBoot`
 */
export function trialBoot(boot: WatchedBoot, next: string): Promise<void> {
  const { signal, limits } = boot
  const greeting: AgentGreeting = { secret: randomBytes(16).toString('hex'), setClock: true }
  const answers = async (machine: Machine, watch: StageWatch) => {
    const over = new AbortController()
    const either = AbortSignal.any([over.signal, signal])
    try {
      const ended = watch.end(either).then((how) => ({ how: how ?? 'the guest restarted or powered off' }))
      // Of what ends QEMU, or passes a limit, the watch has more to say.
      const answered = machine.connectAgent(greeting, limits.boot, either).then(
        () => ({ done: undefined }),
        (error: Error) => (isOsrunError(error) && error.code === 'AGENT_PROTOCOL' ? { how: error.message } : ended),
      )
      return await Promise.race([answered, ended])
    } finally {
      over.abort()
    }
  }
  return watchedBoot(boot, answers, next)
}

async function watchedBoot<T>(
  boot: WatchedBoot,
  end: (machine: Machine, watch: StageWatch) => Promise<{ readonly how: string } | { readonly done: T }>,
  next = 'The same command goes on from the last stage that was finished.',
): Promise<T> {
  const { programs, place, origin, stage, evidence, onMachine, signal } = boot
  await rm(evidence, { recursive: true, force: true })
  const startedAt = performance.now()
  const machine = await Machine.start(
    programs,
    place,
    { ...origin, memory: { use: 'fresh' }, network: 'isolated' },
    signal,
  )
  onMachine?.(machine)
  const watch = new StageWatch(machine, boot)
  try {
    await machine.resume()
    const ended = await end(machine, watch)
    if (signal.aborted) {
      throw new OsrunError('CANCELED', `The installation was canceled in its stage "${stage}".`)
    }
    if ('how' in ended) {
      const after = formatDuration(performance.now() - startedAt)
      throw await failure(watch, boot, machine, `${ended.how} after ${after}`, next)
    }
    return ended.done
  } finally {
    onMachine?.(undefined)
    await machine.release()
  }
}

async function failure(
  watch: StageWatch,
  { stage, evidence }: WatchedBoot,
  machine: Machine,
  how: string,
  next: string,
): Promise<OsrunError> {
  const kept = await keepEvidence(machine, watch.lastScreen, evidence)
  const words = new LastWords(1500)
  words.add(watch.lastLines.join('\n'))
  const step = watch.step === undefined ? 'before its first step' : `at its step "${watch.step}"`
  const where = stage === 'virtio' ? '' : `, ${step}`
  const qemu = machine.qemu.lastWords().trim()
  return new OsrunError(
    'INSTALL_FAILED',
    `The installation stopped in its stage "${stage}"${where}: ${how}.` +
      `${`${words}`.trim() === '' ? '\nThe guest said nothing on its serial port.' : `\nThe guest's last words:\n${`${words}`.trim().replace(/^/gm, '  ')}`}` +
      `${qemu === '' ? '' : `\nQEMU's last words:\n${qemu.replace(/^/gm, '  ')}`}` +
      `\nIts log${kept.screen ? ' and its last screen are' : ' is'} in ${evidence}. ` +
      next,
  )
}

async function keepEvidence(machine: Machine, lastScreen: Buffer | undefined, evidence: string) {
  await mkdir(evidence, { recursive: true })
  await copyFile(join(machine.place.folder, 'serial.log'), join(evidence, 'serial.log')).catch(() => {})
  // A machine that has powered off has no screen any more: then it is the last one that was looked at.
  const screen = await takeScreenshot(machine).then(
    ({ png }) => png,
    () => lastScreen,
  )
  if (screen !== undefined) {
    await writeFile(join(evidence, 'screen.png'), screen)
  }
  return { screen: screen !== undefined }
}
