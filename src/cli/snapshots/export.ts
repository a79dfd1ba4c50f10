import { randomBytes } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { installedGuest } from '../../guests/prepare.ts'
import { findRecipe } from '../../guests/recipe.ts'
import { asDiskFull } from '../../machines/disk-full.ts'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import { exportSnapshot } from '../../snapshots/export.ts'
import type { KeyParts } from '../../snapshots/key.ts'
import { formatBytes } from '../../snapshots/room.ts'
import { interruptible, type Output } from './output.ts'
import { type Selection, selectNamed } from './select.ts'

/** Options of `osrun snapshots export`. */
export interface ExportOptions extends Selection, Output {
  /** Puts the guest's own disk into the archive. */
  readonly withGuest?: boolean
  /** Replaces a file of that name. */
  readonly replace?: boolean
  readonly guestFiles?: string | undefined
}

/**
 * Writes a snapshot into one file, whole or not at all.
 * @param file by default the snapshot's name in the current folder; `-` is stdout
 * @returns the exit code
 */
export async function exportTo(name: string, file: string | undefined, options: ExportOptions): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr } = options
  const [selected] = await selectNamed([name], options)
  if (selected === undefined) {
    throw new OsrunError('SNAPSHOT_NOT_FOUND', `There is no snapshot "${name}".`)
  }
  const { from } = selected
  const template = await from.store.get(name)
  if (from.parts === undefined) {
    throw new OsrunError(
      'SNAPSHOT_UNUSABLE',
      `Snapshot "${name}" was made by an earlier osrun, which did not note what it depends on. Make it anew.`,
    )
  }
  const task = { template, parts: from.parts, ...(await guestOf(from.guest, from.parts, options)) }
  const path = file ?? `${name}.osrun.tar.zst`
  await interruptible((signal) =>
    path === '-'
      ? exportSnapshot({ ...task, to: stdout, signal })
      : writeWhole(path, options.replace ?? false, (to) => exportSnapshot({ ...task, to, signal })),
  )
  if (path !== '-') {
    const { size } = await stat(path)
    stderr.write(`Exported ${from.guest}/${name} to ${path}: ${formatBytes(size)}\n`)
  }
  return 0
}

async function guestOf(guest: string, { guestId }: KeyParts, options: ExportOptions) {
  // Ready-made guests come from no recipe of this computer.
  const recipe = options.guestFiles === undefined ? (await findRecipe(guest)).id : undefined
  if (!options.withGuest) {
    return { recipe }
  }
  const installed = await installedGuest(guest, options)
  if (installed?.id !== guestId) {
    throw new OsrunError(
      'SNAPSHOT_UNUSABLE',
      `The snapshot belongs to build ${guestId} of guest ${guest}, and here is ` +
        `${installed === undefined ? 'none' : installed.id}. Export it without --with-guest.`,
    )
  }
  return { recipe, guest: installed }
}

async function writeWhole(path: string, replace: boolean, write: (to: Writable) => Promise<void>): Promise<void> {
  if (!replace && existsSync(path)) {
    throw new OsrunError('HOST_FILE_FAILED', `${path} exists already. Name another file, or replace it: --replace.`)
  }
  const draft = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    // Memory holds secrets: nobody else reads it.
    await write(createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true }))
    await rename(draft, path)
  } catch (error) {
    const full = asDiskFull(error, path)
    if (isOsrunError(full)) {
      throw full
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new OsrunError('HOST_FILE_FAILED', `${path} cannot be written: ${why}`, { cause: error })
  } finally {
    await rm(draft, { force: true })
  }
}
