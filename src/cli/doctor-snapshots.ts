import { join } from 'node:path'
import type { Finding } from '../runtime/requirements/host-findings.ts'
import { formatBytes } from '../snapshots/room.ts'
import { describe, type Listed } from './snapshots/list.ts'
import { selectAll } from './snapshots/select.ts'
import { type CacheOptions, ThisHost } from './snapshots/this-host.ts'

/** What there is of snapshots, in the cache folder and in that of machines in containers. */
export async function examineSnapshots(options: CacheOptions): Promise<{ finding: Finding; snapshots: Listed[] }> {
  const host = await ThisHost.look(options)
  const folders = [options.cache, join(options.cache, 'docker')]
  const selected = (await Promise.all(folders.map((cache) => selectAll({ cache })))).flat()
  const snapshots = await Promise.all(selected.map((each) => describe(each, host)))
  return { finding: snapshotFinding(snapshots), snapshots }
}

/** Whether snapshots still fit this host, and how much room they take. */
export function snapshotFinding(snapshots: readonly Listed[]): Finding {
  const what = 'snapshots'
  if (snapshots.length === 0) {
    return { mark: 'ok', what, detail: 'none yet: the first run makes one' }
  }
  const damaged = snapshots.filter((each) => each.damaged)
  const whole = snapshots.filter((each) => !each.damaged)
  const unfit = whole.filter(({ fits }) => fits === false)
  const unknown = whole.filter(({ fits }) => fits === null)
  const detail = [
    sum(
      whole.filter(({ fits }) => fits === true),
      'fit this host',
    ),
    sum(unfit, 'do not fit it', unfit[0]?.reasons[0]),
    sum(unknown, 'not known here', unknown[0]?.reasons[0]),
    sum(damaged, 'damaged'),
  ].filter((words) => words !== undefined)
  return {
    mark: unfit.length + damaged.length > 0 ? 'note' : 'ok',
    what,
    detail: detail.join('; '),
    ...(damaged.length > 0
      ? { todo: '`osrun snapshots verify` says what is wrong, `osrun snapshots remove` frees their room' }
      : unfit.length > 0
        ? { todo: '`osrun snapshots` says why each does not, `osrun snapshots remove` frees their room' }
        : {}),
  }
}

function sum(snapshots: readonly Listed[], what: string, reason?: string): string | undefined {
  if (snapshots.length === 0) {
    return undefined
  }
  const bytes = snapshots.reduce((total, { size = 0 }) => total + size, 0)
  return `${snapshots.length} ${what} (${formatBytes(bytes)}${reason === undefined ? '' : `, e.g. ${reason}`})`
}
