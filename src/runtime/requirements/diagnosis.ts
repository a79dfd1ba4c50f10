import { isWindows } from '../../guests/guest.ts'
import { probeAccelerator } from '../../machines/probe/accelerator.ts'
import { isOsrunError } from '../../protocol/errors.ts'
import { type Checked, checkRequirements, describeState, titleOf } from './check.ts'
import type { EngineAnswer } from './docker-engine.ts'
import { type Finding, hostFindings } from './host-findings.ts'
import { planFor } from './install.ts'
import type { Purpose } from './requirements.ts'
import { examineWindows } from './windows-findings.ts'

/** What a host can do, and what is in the way. */
export interface Diagnosis {
  /** The runtimes that can be used now, the one that osrun takes by itself first. */
  readonly usable: readonly ('docker' | 'host' | 'remote')[]
  readonly findings: readonly Finding[]
}

/** What was asked for, and what is known already. */
export interface Examination {
  readonly runtime: 'auto' | 'docker' | 'host'
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  readonly cache: string
  /** Undefined where no engine is of use: in a container of our image, which brings its guest along as well. */
  readonly engine: EngineAnswer | undefined
  /** Default `wine`. */
  readonly guest?: string | undefined
}

/** Looks at everything that running guests on this computer depends on. */
export async function examineHost({ runtime, accel, cache, engine, guest = 'wine' }: Examination): Promise<Diagnosis> {
  const answers = engine !== undefined && 'version' in engine
  const hostIsNeeded = runtime === 'host' || (runtime === 'auto' && !answers)
  const common = await hostFindings(cache)
  const checked = await checkRequirements(purposesOf(guest, engine === undefined))
  const acceleration = await accelerationFinding(checked, accel, cache)
  const emulated = acceleration && (accel === 'tcg' || acceleration.mark !== 'ok')
  const windows = isWindows({ name: guest }) ? await examineWindows(guest, cache, emulated) : undefined
  // Who has Windows already gets no other one.
  const isNeeded = ({ requirement }: Checked) => !(windows?.isInstalled && requirement.purpose === 'windows')
  const tools = await Promise.all(checked.map((tool) => toolFinding(tool, hostIsNeeded, isNeeded(tool))))
  const isMet = (tool: Checked) => tool.state === 'ok' || !isNeeded(tool)
  const complete = checked.every(isMet) && acceleration?.mark !== 'missing'
  const ofGuest = windows?.findings ?? []
  const possible = ![...common, ...ofGuest].some(({ mark }) => mark === 'missing')
  return {
    usable: [
      ...(possible && runtime !== 'host' && answers ? (['docker'] as const) : []),
      ...(possible && runtime !== 'docker' && complete ? (['host'] as const) : []),
    ],
    findings: [
      ...common,
      ...(engine === undefined ? [] : [engineFinding(engine, runtime === 'docker')]),
      ...(acceleration === undefined ? [] : [acceleration]),
      ...tools,
      ...ofGuest,
    ],
  }
}

/** What a guest of that name asks of a host; the image has what wine is made of no more, and what Windows is. */
export function purposesOf(guest: string, inImage = false): Purpose[] {
  const own = isWindows({ name: guest }) ? 'windows' : 'wine'
  return inImage && own === 'wine' ? ['machines'] : ['machines', own]
}

function engineFinding(engine: EngineAnswer, needed: boolean): Finding {
  const what = 'Docker Engine'
  if ('version' in engine) {
    return { mark: 'ok', what, detail: engine.version }
  }
  return needed
    ? { mark: 'missing', what, detail: engine.problem, todo: 'Start one, or use OSRUN_RUNTIME=host' }
    : { mark: 'note', what, detail: engine.problem }
}

async function toolFinding(checked: Checked, onHost: boolean, needed: boolean): Promise<Finding> {
  const what = titleOf(checked.requirement)
  if (checked.state === 'ok') {
    return { mark: 'ok', what, detail: describeState(checked) }
  }
  const detail = `${describeState(checked)}; it ${checked.requirement.why}`
  if (!onHost || !needed) {
    const when = onHost ? 'only to install it anew' : 'only where guests run on the host'
    return { mark: 'note', what, detail: `${detail} (${when})` }
  }
  const plan = await planFor([checked])
  const todo =
    plan.by === 'hand'
      ? plan.sentence
      : `\`osrun doctor --install\` installs ${plan.packages.map(({ name, from }) => `${name} from ${from}`).join(', ')}`
  return { mark: 'missing', what, detail, todo }
}

async function accelerationFinding(
  checked: readonly Checked[],
  requested: Examination['accel'],
  cacheFolder: string,
): Promise<Finding | undefined> {
  const qemu = checked.find(({ requirement, state }) => requirement.name === 'qemu-system-x86_64' && state === 'ok')
  if (qemu?.path === undefined) {
    return undefined
  }
  const what = 'acceleration'
  try {
    const { accelerator, reason } = await probeAccelerator({ qemu: qemu.path, requested, cacheFolder })
    return { mark: accelerator === 'tcg' && requested !== 'tcg' ? 'note' : 'ok', what, detail: reason }
  } catch (error) {
    if (isOsrunError(error)) {
      return { mark: 'missing', what, detail: error.message }
    }
    throw error
  }
}
