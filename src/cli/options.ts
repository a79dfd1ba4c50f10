import { Option } from 'commander'
import { defaultCache } from '../runtime/settings.ts'

/** Where guests and snapshots are kept. */
export function cacheOption(): Option {
  return new Option('--cache <folder>', 'folder for guests and snapshots').default(defaultCache(process.env))
}

export function accelOption(description: string): Option {
  return new Option('--accel <name>', description)
    .choices(['auto', 'kvm', 'hvf', 'tcg'])
    .default('auto')
    .env('OSRUN_ACCEL')
}

export function guestFilesOption(): Option {
  return new Option('--guest-files <folder>', 'folder of ready-made guests').env('OSRUN_GUEST_FILES')
}
