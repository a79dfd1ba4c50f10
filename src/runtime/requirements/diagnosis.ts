import { probeAccelerator } from '../../machines/probe/accelerator.ts'
import { isOsrunError } from '../../protocol/errors.ts'
import { type Checked, checkRequirements, describeState, titleOf } from './check.ts'
import type { EngineAnswer } from './docker-engine.ts'
import { type Finding, hostFindings } from './host-findings.ts'
import { planFor } from './install.ts'

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
}

/** Looks at everything that running guests on this computer depends on. */
export async function examineHost({ runtime, accel, cache, engine }: Examination): Promise<Diagnosis> {
  const answers = engine !== undefined && 'version' in engine
  const hostIsNeeded = runtime === 'host' || (runtime === 'auto' && !answers)
  const common = await hostFindings(cache)
  const checked = await checkRequirements(engine === undefined ? ['machines'] : ['machines', 'wine'])
  const tools = await Promise.all(checked.map((tool) => toolFinding(tool, hostIsNeeded)))
  const acceleration = await accelerationFinding(checked, accel, cache)
  const complete = checked.every(({ state }) => state === 'ok') && acceleration?.mark !== 'missing'
  const possible = !common.some(({ mark }) => mark === 'missing')
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
    ],
  }
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

async function toolFinding(checked: Checked, needed: boolean): Promise<Finding> {
  const what = titleOf(checked.requirement)
  if (checked.state === 'ok') {
    return { mark: 'ok', what, detail: describeState(checked) }
  }
  const detail = `${describeState(checked)}; it ${checked.requirement.why}`
  if (!needed) {
    return { mark: 'note', what, detail: `${detail} (only where guests run on the host)` }
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
