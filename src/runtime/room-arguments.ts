import type { RuntimeOptions } from './runtime.ts'

/** The options of a machine room that hold wherever it runs. */
export type RoomOptions = Pick<RuntimeOptions, 'machines' | 'standbys' | 'tempDrive' | 'memoryMiB' | 'cpus'>

/** The part of `osrun serve`'s command line that says how many machines there may be, their size, and where they write. */
export function roomArguments({ machines, standbys, tempDrive, memoryMiB, cpus }: RoomOptions): string[] {
  const given = { machines, standbys, memory: memoryMiB, cpus }
  return [
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(tempDrive ? ['--temp-drive'] : []),
  ]
}
