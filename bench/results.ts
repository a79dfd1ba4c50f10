import { readFile, writeFile } from 'node:fs/promises'
import { arch, cpus, release, totalmem } from 'node:os'
import type { Statistics } from './statistics.ts'

/** One figure, as often as it was measured. */
export interface Row {
  readonly what: string
  readonly unit: 'ms' | 's' | 'MiB' | 'MiB/s'
  readonly figures: Statistics
  /** Of QEMU's process, medians. Minor ones cost a page of memory or less, major ones a read from the disk. */
  readonly faults?: { readonly minor: number; readonly major: number }
}

/** Rows that belong side by side. */
export interface Table {
  readonly title: string
  readonly rows: readonly Row[]
}

/** What the design promises, and what it came to. */
export interface Goal {
  readonly what: string
  readonly measured: number
  readonly unit: 'times' | 'ms' | '%'
  readonly budget: { readonly atLeast: number } | { readonly atMost: number }
}

/** What one measurement found. */
export interface Measured {
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
}

/** Where figures come from: those of two such places are not to be compared. */
export interface Host {
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  readonly kernel: string
  readonly arch: string
  readonly qemu: string
  readonly accelerator: string
}

/** All that is known: each measurement with the day of its last run. */
export interface Results {
  readonly host: Host
  readonly measured: Readonly<Record<string, Measured & { readonly date: string; readonly rounds: number }>>
}

const file = new URL('results.json', import.meta.url)

export function describeHost(qemu: string, accelerator: string): Host {
  const memoryMiB = Math.round(totalmem() / 2 ** 20)
  const cpu = cpus()[0]?.model ?? 'unknown'
  return { cpu, cores: cpus().length, memoryMiB, kernel: release(), arch: arch(), qemu, accelerator }
}

/** What earlier runs found; undefined where there was none. */
export async function readResults(): Promise<Results | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

export async function writeResults(results: Results): Promise<void> {
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
}

/** Earlier results with a measurement's new ones in their place; those of another host are dropped. */
export function withMeasured(
  earlier: Results | undefined,
  host: Host,
  name: string,
  measured: Results['measured'][string],
): Results {
  const kept = JSON.stringify(earlier?.host) === JSON.stringify(host) ? earlier?.measured : {}
  return { host, measured: { ...kept, [name]: measured } }
}
