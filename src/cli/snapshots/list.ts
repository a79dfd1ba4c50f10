import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SnapshotInfo } from '../../protocol/messages.ts'
import { formatBytes } from '../../snapshots/room.ts'
import { formatTable, minuteOf } from '../table.ts'
import type { Output } from './output.ts'
import { type Selected, type Selection, selectAll } from './select.ts'
import { type CacheOptions, ThisHost } from './this-host.ts'

/** A snapshot, and what it is worth on this host. */
export interface Listed extends Partial<SnapshotInfo> {
  readonly guest: string
  readonly key: string
  readonly name: string
  readonly damaged: boolean
  /** Null where this host cannot tell. */
  readonly fits: boolean | null
  readonly reasons: readonly string[]
  readonly options: readonly string[]
}

/** Prints all snapshots of a cache folder. @returns the exit code */
export async function list(options: CacheOptions & Selection & Output): Promise<number> {
  const { json, cache, stdout = process.stdout, stderr = process.stderr } = options
  const selected = await selectAll(options)
  const host = await ThisHost.look(options)
  const listed = await Promise.all(selected.map((each) => describe(each, host)))
  stdout.write(json ? `${JSON.stringify(listed, undefined, 2)}\n` : table(listed, options))
  // The runtime docker keeps its own, which another QEMU made.
  if (existsSync(join(cache, 'docker', 'store'))) {
    stderr.write(`Snapshots of machines in containers: --cache ${join(cache, 'docker')}\n`)
  }
  return 0
}

export async function describe({ from, name }: Selected, host: ThisHost): Promise<Listed> {
  const { store, guest, key } = from
  const info = await store.info(name).catch(() => undefined)
  const isWhole = await store.find(name).then(
    () => true,
    () => false,
  )
  const { fits, ...fit } = await host.fitOf(from)
  return { guest, key, name, ...info, damaged: !isWhole, fits: fits ?? null, ...fit }
}

const heads = ['GUEST', 'NAME', 'PARENT', 'CREATED', 'SIZE', 'KEY', 'THIS HOST']

function table(listed: readonly Listed[], { cache, stdout = process.stdout }: CacheOptions & Output): string {
  if (listed.length === 0) {
    return `There are no snapshots in ${cache}.\n`
  }
  const rows = listed.map((each) => [
    each.guest,
    each.name,
    each.parent ?? '-',
    each.createdAt === undefined ? '-' : minuteOf(each.createdAt),
    each.size === undefined ? '-' : formatBytes(each.size),
    each.key.slice(0, 8),
    state(each),
  ])
  return formatTable(heads, rows, stdout)
}

/** What a snapshot is worth on this host, in a few words. */
function state({ damaged, fits, reasons, options }: Listed): string {
  if (damaged) {
    return 'damaged: see `osrun snapshots verify`'
  }
  if (fits === true) {
    return ['fits', ...options].join(', with ')
  }
  return [fits === null ? 'not known' : 'does not fit', ...reasons.slice(0, 1)].join(': ')
}
