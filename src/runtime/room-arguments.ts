import type { RuntimeOptions } from './runtime.ts'

/** The options of a machine room that hold wherever it runs. */
export type RoomOptions = Pick<RuntimeOptions, 'machines' | 'standbys' | 'tempDrive' | 'memoryMiB' | 'cpus' | 'expose'>

/** The part of `osrun serve`'s command line that says how many machines there may be, their size, where they write, and who may. */
export function roomArguments({ machines, standbys, tempDrive, memoryMiB, cpus, expose }: RoomOptions): string[] {
  const memory = memoryMiB === undefined ? undefined : `${memoryMiB}MiB`
  const given = { machines, standbys, memory, cpus }
  return [
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(tempDrive ? ['--temp-drive'] : []),
    ...(expose ? ['--expose'] : []),
  ]
}
