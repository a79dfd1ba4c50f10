import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Machine } from '../../machines/machine.ts'
import { screenPixels, takeScreenshot } from '../../machines/screenshot.ts'
import { formatDuration } from '../../protocol/duration.ts'
import { dismPercent } from '../install/steps.ts'
import { finalStep, parseReport } from '../report.ts'
import type { WatchedBoot } from './install-boot.ts'
import { SerialLines } from './serial-lines.ts'

const linesEvery = 250
const screenEvery = 10_000
/** What a guest that has reported a failure gets to power off by itself. */
const powerOffGrace = 60_000
const rememberedLines = 30

/** Follows one boot of the installing guest by what it says and what it shows. */
export class StageWatch {
  /** The step that was begun last. */
  step: string | undefined
  /** The guest said that its stage is done. */
  finished = false
  lastScreen: Buffer | undefined
  readonly lastLines: string[] = []
  readonly #machine: Machine
  readonly #boot: WatchedBoot
  readonly #serial: SerialLines
  #failed: string | undefined
  #lastSign = performance.now()
  #stepAt = performance.now()
  #percent: number | undefined

  constructor(machine: Machine, boot: WatchedBoot) {
    this.#machine = machine
    this.#boot = boot
    this.#serial = new SerialLines(join(machine.place.folder, 'serial.log'))
  }

  /**
   * Waits for the end of the boot. @returns undefined where QEMU ended because the guest powered off or restarts,
   * else what ended the wait, for a person. Returns as well when `signal` is aborted.
   */
  async end(signal: AbortSignal): Promise<string | undefined> {
    const over = new AbortController()
    const either = AbortSignal.any([over.signal, signal])
    const { qemu } = this.#machine
    try {
      const how = await Promise.race([
        qemu.exited,
        this.#machine.stopped(either).then(
          ({ message }) => message,
          () => new Promise<never>(() => {}),
        ),
        this.#deadlines(either),
        this.#look(either),
      ])
      await this.#listen(true)
      if (this.#failed !== undefined) {
        return this.#failed
      }
      return how === exitedWell || signal.aborted ? undefined : how
    } finally {
      over.abort()
    }
  }

  async #listen(last = false): Promise<void> {
    for (const line of await this.#serial.more(last)) {
      this.#lastSign = performance.now()
      if (!this.#takeBar(line)) {
        this.lastLines.push(line)
        this.lastLines.splice(0, this.lastLines.length - rememberedLines)
        this.#take(line)
      }
    }
    this.#takeBar(this.#serial.unfinished)
  }

  /** @returns whether it is a bar of dism's, which tells how far the step has come */
  #takeBar(text: string): boolean {
    const percent = dismPercent(text)
    const { stage, onReport } = this.#boot
    if (percent === undefined || this.step === undefined || stage === 'virtio') {
      return false
    }
    if (percent !== this.#percent) {
      this.#percent = percent
      this.#lastSign = performance.now()
      onReport({ stage, step: this.step, state: 'percent', percent })
    }
    return true
  }

  #take(line: string): void {
    const report = parseReport(line)
    // What another stage says is no word of this one's.
    if (report === undefined || report.stage !== this.#boot.stage) {
      return
    }
    // What is skipped was never begun.
    if (report.state !== 'skipped' && this.step !== report.step) {
      this.step = report.step
      this.#stepAt = performance.now()
    }
    if (report.state === 'failed') {
      this.#failed ??= `the guest reported a failure${report.why === '' ? '' : ` (${report.why})`}`
    }
    this.finished ||= report.step === finalStep && report.state === 'done'
    this.#boot.onReport(report)
  }

  /** Resolves with the limit that was passed, for a person. */
  async #deadlines(signal: AbortSignal): Promise<string> {
    const { silence, boot, steps = {} } = this.#boot.limits
    const startedAt = performance.now()
    let failedAt: number | undefined
    for (;;) {
      await delay(linesEvery, undefined, { signal }).catch(() => {})
      if (signal.aborted) {
        return 'canceled'
      }
      await this.#listen()
      const now = performance.now()
      failedAt ??= this.#failed === undefined ? undefined : now
      if (failedAt !== undefined && now - failedAt > powerOffGrace) {
        return 'the guest did not power off'
      }
      const step = steps[this.step ?? '']
      if (step !== undefined && now - this.#stepAt > step) {
        return `the limit of ${formatDuration(step)} for this step passed`
      }
      if (now - this.#lastSign > silence) {
        return `the guest said nothing and its screen did not change for ${formatDuration(silence)}`
      }
      if (now - startedAt > boot) {
        return `the limit of ${formatDuration(boot)} for one boot passed`
      }
    }
  }

  /** Never resolves. */
  async #look(signal: AbortSignal): Promise<never> {
    let before: Buffer = Buffer.alloc(0)
    while (!signal.aborted) {
      const pixels = await screenPixels(this.#machine).catch(() => before)
      if (hasChanged(before, pixels)) {
        before = pixels
        this.lastScreen = (await takeScreenshot(this.#machine).catch(() => undefined))?.png ?? this.lastScreen
        this.#lastSign = performance.now()
      }
      await delay(screenEvery, undefined, { signal }).catch(() => {})
    }
    return new Promise<never>(() => {})
  }
}

/** More than a cursor that blinks. */
function hasChanged(before: Buffer, now: Buffer): boolean {
  if (before.length !== now.length) {
    return true
  }
  let different = 0
  for (let at = 0; at < now.length; at += 3) {
    different += Number(before[at] !== now[at] || before[at + 1] !== now[at + 1] || before[at + 2] !== now[at + 2])
  }
  return different > now.length / 3 / 1000
}

const exitedWell = 'QEMU exited with code 0'
