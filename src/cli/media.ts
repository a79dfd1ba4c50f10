import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { OsrunError } from '../protocol/errors.ts'
import { formatBytes } from '../snapshots/room.ts'
import { checkPinned, describePinned } from '../windows/acquire/check-pinned.ts'
import { type KeptMedia, listKeptMedia, removeKeptMedia } from '../windows/kept-media.ts'

/**
 * `osrun media check`: whether the ISOs of the list are still there and as large as they were. Downloads nothing.
 * @returns the exit code: 1 where one is gone, is another one, or could not be asked for
 */
export async function checkMedia({ json = false }, stdout: Writable = process.stdout): Promise<number> {
  const states = await checkPinned()
  const lines = json
    ? JSON.stringify(
        states.map(({ state, detail, iso }) => ({ state, detail, title: iso.title, url: iso.url })),
        undefined,
        2,
      )
    : states.map(describePinned).join('\n')
  stdout.write(`${lines}\n`)
  return states.every(({ state }) => state === 'ok') ? 0 : 1
}

/** `osrun media list`: what installations left in the cache, with size and age. @returns the exit code */
export async function listMedia({ cache, json }: MediaCommand, stdout: Writable = process.stdout): Promise<number> {
  const kept = await listKeptMedia(resolve(cache))
  const sum = kept.reduce((bytes, each) => bytes + each.bytes, 0)
  const lines = [...kept.map(describeKept), kept.length === 0 ? 'Nothing is kept.' : `${formatBytes(sum)} in all`]
  stdout.write(json ? `${JSON.stringify(kept, undefined, 2)}\n` : `${lines.join('\n')}\n`)
  return 0
}

/**
 * `osrun media remove <name>...`, or all with `--all`.
 * @returns the exit code
 * @throws OsrunError BAD_OPTION, also while an installation runs
 */
export async function removeMedia(
  names: readonly string[],
  { cache, json, all = false }: MediaCommand & { readonly all?: boolean },
  stdout: Writable = process.stdout,
): Promise<number> {
  if (all === names.length > 0) {
    throw new OsrunError('BAD_OPTION', 'Expected names of media, or --all for each of them.')
  }
  const removed = await removeKeptMedia(resolve(cache), all ? 'all' : names)
  const lines = removed.map(({ name, bytes }) => `Removed ${name}, ${formatBytes(bytes)}\n`)
  stdout.write(json ? `${JSON.stringify(removed, undefined, 2)}\n` : lines.join(''))
  return 0
}

interface MediaCommand {
  readonly cache: string
  readonly json?: boolean
}

function describeKept({ name, file, bytes, changed }: KeptMedia): string {
  const days = Math.floor((Date.now() - changed) / 86_400_000)
  const age = days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
  return `${formatBytes(bytes).padStart(10)}  ${age.padEnd(12)}  ${name}  ${file}`
}
