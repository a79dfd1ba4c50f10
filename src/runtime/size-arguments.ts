import type { RuntimeOptions } from './runtime.ts'

/** The part of `osrun serve`'s command line that says how many machines there may be, and their size. */
export function sizeArguments(options: Pick<RuntimeOptions, 'machines' | 'standbys' | 'memoryMiB' | 'cpus'>): string[] {
  const { machines, standbys, memoryMiB, cpus } = options
  const given = { machines, standbys, memory: memoryMiB, cpus }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
}
