import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { SnapshotInfo } from '../protocol/messages.ts'
import { checkName } from '../protocol/names.ts'
import { tryLock, type Unlock } from './lock.ts'
import { type Manifest, manifestName, parseManifest } from './manifest.ts'

/** A published snapshot: immutable files from which any number of machines start. */
export interface Template {
  readonly folder: string
  readonly manifest: Manifest
}

/** A snapshot in the making: a folder that becomes the template by one rename. */
export interface Draft {
  readonly folder: string
  /** Removes what was made; does nothing after `publish`. */
  discard(): Promise<void>
  /** Makes the draft the snapshot `manifest.name`. @throws OsrunError SNAPSHOT_EXISTS unless `replace` */
  publish(manifest: Manifest, replace: boolean): Promise<Template>
}

/** The snapshots of one guest under one key. Safe for several processes and for a kill at any moment. */
export class Store {
  readonly folder: string

  /** @param folder e.g. `<cache>/store/wine/0123456789abcdef` */
  constructor(folder: string) {
    this.folder = folder
  }

  /** Path of the file that a maker of the snapshot locks, so that two processes do not make it twice. */
  lockPath(name: string): string {
    return join(this.folder, `.lock-${checkName('name', name)}`)
  }

  /** The template of that name, or undefined. @throws OsrunError SNAPSHOT_DAMAGED, BAD_NAME */
  async find(name: string): Promise<Template | undefined> {
    const folder = join(this.folder, checkName('snapshot', name))
    const text = await readFile(join(folder, manifestName), 'utf8').catch(() => undefined)
    if (text === undefined) {
      return undefined
    }
    const manifest = parseManifest(text)
    if (manifest === undefined) {
      throw damaged(name, folder, 'its manifest cannot be read')
    }
    await Promise.all(filesOf(manifest).map((file) => checkFile(name, folder, file)))
    return { folder, manifest }
  }

  /** The template of that name. @throws OsrunError SNAPSHOT_NOT_FOUND with the names there are */
  async get(name: string): Promise<Template> {
    const template = await this.find(name)
    if (template === undefined) {
      const names = (await this.list()).map((info) => info.name)
      throw new OsrunError(
        'SNAPSHOT_NOT_FOUND',
        `There is no snapshot "${name}". Snapshots: ${names.length > 0 ? names.join(', ') : 'none yet'}. ` +
          'Take one with `win.snapshot(name)`.',
      )
    }
    return template
  }

  /** All snapshots, by name. A damaged one is left out. */
  async list(): Promise<SnapshotInfo[]> {
    const names = await readdir(this.folder).catch(() => [])
    const found = await Promise.all(
      names
        .filter((name) => !name.startsWith('.'))
        .sort()
        .map(async (name) =>
          parseManifest(await readFile(join(this.folder, name, manifestName), 'utf8').catch(() => '')),
        ),
    )
    return found.filter((manifest) => manifest !== undefined).map(describe)
  }

  /** Removes a snapshot. Running machines and snapshots made from it go on: their files are linked, not named. */
  async remove(name: string): Promise<void> {
    const { folder } = await this.get(name)
    await this.#trash(folder)
  }

  /** A new draft. Its lock tells a later `collect` that its maker still lives. */
  async draft(): Promise<Draft> {
    const folder = join(this.folder, `.draft-${randomBytes(6).toString('hex')}`)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const unlock = await tryLock(draftLock(folder))
    let open_ = true
    const discard = async () => {
      if (open_) {
        open_ = false
        await rm(folder, { recursive: true, force: true })
        await unlock?.()
        await rm(draftLock(folder), { force: true })
      }
    }
    const publish = async (manifest: Manifest, replace: boolean) => {
      const template = await this.#publish(folder, manifest, replace)
      await discard()
      return template
    }
    return { folder, discard, publish }
  }

  /** Removes what killed processes left behind. */
  async collect(): Promise<void> {
    const names = await readdir(this.folder).catch(() => [])
    for (const name of names.filter((entry) => /^\.(draft|trash)-[0-9a-f]+$/.test(entry))) {
      const folder = join(this.folder, name)
      const unlock: Unlock | undefined = await tryLock(draftLock(folder))
      if (unlock !== undefined) {
        await rm(folder, { recursive: true, force: true })
        await unlock()
        await rm(draftLock(folder), { force: true })
      }
    }
  }

  async #publish(draft: string, manifest: Manifest, replace: boolean): Promise<Template> {
    const folder = join(this.folder, checkName('name', manifest.name))
    if (!replace && (await exists(folder))) {
      throw snapshotExists(manifest.name)
    }
    for (const { name } of filesOf(manifest)) {
      await chmod(join(draft, name), 0o444)
      await sync(join(draft, name))
    }
    await writeFile(join(draft, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o444 })
    await sync(join(draft, manifestName))
    await sync(draft)
    if (replace) {
      await this.#trash(folder)
    }
    await rename(draft, folder).catch((error: unknown) => {
      throw error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
        ? snapshotExists(manifest.name)
        : error
    })
    await sync(this.folder)
    return { folder, manifest }
  }

  async #trash(folder: string): Promise<void> {
    const trash = join(this.folder, `.trash-${randomBytes(6).toString('hex')}`)
    try {
      await rename(folder, trash)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return
      }
      throw error
    }
    await rm(trash, { recursive: true, force: true })
  }
}

/** The error for a name that is taken. */
export function snapshotExists(name: string): OsrunError {
  return new OsrunError(
    'SNAPSHOT_EXISTS',
    `A snapshot "${name}" exists already. Choose another name, or replace it: win.snapshot('${name}', { replace: true }).`,
  )
}

function describe(manifest: Manifest): SnapshotInfo {
  const own = [manifest.ram, manifest.state, ...manifest.layers.slice(0, 1)]
  return {
    name: manifest.name,
    guest: manifest.guest,
    ...(manifest.parent === undefined ? {} : { parent: manifest.parent }),
    createdAt: manifest.createdAt,
    size: own.reduce((sum, file) => sum + file.size, 0),
    ...(manifest.recipe === undefined ? {} : { recipe: manifest.recipe.name }),
  }
}

function filesOf(manifest: Manifest): Manifest['ram'][] {
  return [manifest.ram, manifest.state, manifest.overlay, ...manifest.layers]
}

// Beside the folder, not in it: the folder is renamed or removed under the lock.
function draftLock(folder: string): string {
  return join(folder, '..', `.lock-${basename(folder).slice(1)}`)
}

async function checkFile(snapshot: string, folder: string, file: Manifest['ram']): Promise<void> {
  const found = await stat(join(folder, file.name)).catch(() => undefined)
  if (found?.size !== file.size) {
    throw damaged(snapshot, folder, `${file.name} has ${found?.size ?? 'no'} bytes in place of ${file.size}`)
  }
}

function damaged(name: string, folder: string, why: string): OsrunError {
  return new OsrunError(
    'SNAPSHOT_DAMAGED',
    `Snapshot "${name}" in ${folder} is damaged: ${why}. Remove that folder; it is made anew when it is next needed.`,
  )
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
