import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import * as v from 'valibot'
import { checkJson } from '../../protocol/check-json.ts'
import { sandboxArguments } from '../sandbox.ts'
import { type Accelerator, cpuModel } from './arguments.ts'
import { answerKey, keep } from './cache.ts'

/**
 * What Windows can be told about the hypervisor below it, in the words of Hyper-V, as features of QEMU's CPU: each after
 * those that it needs. What ties a machine to its host, or is for nested virtualisation and crash dumps, is not among
 * them.
 */
export const enlightenments: readonly string[] = [
  ...['hv-relaxed=on', 'hv-spinlocks=0x1fff', 'hv-vapic=on', 'hv-time=on', 'hv-frequencies=on', 'hv-runtime=on'],
  ...['hv-vpindex=on', 'hv-synic=on', 'hv-stimer=on', 'hv-stimer-direct=on', 'hv-tlbflush=on', 'hv-ipi=on'],
]

/** How they are asked for. */
export interface EnlightenmentProbe {
  readonly qemu: string
  readonly accelerator: Accelerator
  /** Folder of `enlightenments.json`; made if it is missing. */
  readonly cacheFolder: string
  /** Milliseconds for one start of QEMU. Default 10000. */
  readonly deadlineMs?: number
}

const kept = v.object({ key: v.unknown(), enlightenments: v.array(v.picklist(enlightenments)) })

/**
 * Those that this host's KVM has. A kernel may be built without, and then QEMU refuses them or aborts, so that QEMU is
 * started with them to see: once with all, and only where that fails with one more at a time. The answer is kept for this
 * boot of the host. Other accelerators have none: TCG takes them without a word and does nothing.
 */
export async function probeEnlightenments(probe: EnlightenmentProbe): Promise<readonly string[]> {
  const { qemu, accelerator, cacheFolder, deadlineMs = 10_000 } = probe
  if (accelerator !== 'kvm') {
    return []
  }
  const host = await answerKey({ accelerator, qemu, device: '/dev/kvm' })
  const key = host && { ...host, asked: enlightenments }
  const path = join(cacheFolder, 'enlightenments.json')
  const before = checkJson(kept, await readFile(path, 'utf8').catch(() => ''))
  if (before !== undefined && isDeepStrictEqual(before.key, key)) {
    return before.enlightenments
  }
  let inTime = true
  const found = await chooseEnlightenments(async (features) => {
    const started = await starts(qemu, accelerator, features, deadlineMs)
    inTime &&= started !== undefined
    return started ?? false
  })
  // A busy host may have more to show at the next try.
  if (key !== undefined && inTime) {
    await keep(cacheFolder, path, { key, enlightenments: found })
  }
  return found
}

/** All of them, or else those with which a machine starts beside the ones before. */
export async function chooseEnlightenments(
  works: (features: readonly string[]) => Promise<boolean>,
  all: readonly string[] = enlightenments,
): Promise<readonly string[]> {
  if (await works(all)) {
    return all
  }
  let chosen: readonly string[] = []
  for (const feature of all) {
    if (await works([...chosen, feature])) {
      chosen = [...chosen, feature]
    }
  }
  return chosen
}

/**
 * Whether QEMU makes a machine with such a CPU, of which no instruction of a guest runs.
 * @returns undefined where the deadline passed first
 */
export async function starts(
  qemu: string,
  accelerator: Accelerator,
  features: readonly string[],
  deadlineMs: number,
): Promise<boolean | undefined> {
  // It greets before it has made the machine, and answers after that.
  const { exitCode, timedOut } = await execa(qemu, startArguments(accelerator, features), {
    ...{ reject: false, timeout: deadlineMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 },
    input: ['qmp_capabilities', 'quit'].map((execute) => JSON.stringify({ execute })).join('\n'),
  })
  return timedOut ? undefined : exitCode === 0
}

/** The command line of QEMU that makes a machine with such a CPU and does not run it. */
export function startArguments(accelerator: Accelerator, features: readonly string[]): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-S', '-name', 'osrun-probe', '-machine', 'q35', '-accel', accelerator],
    ...['-cpu', [cpuModel[accelerator], ...features].join(','), '-m', '16M', '-display', 'none', '-qmp', 'stdio'],
    ...sandboxArguments(),
  ]
}
