import { chmod, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asDiskFull } from '../machines/disk-full.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { SnapshotInfo } from '../protocol/messages.ts'
import { checkName } from '../protocol/names.ts'
import { failureId, stateNotFound } from './failure-name.ts'
import { tryLock, type Unlock } from './lock.ts'
import { filesOf, formatManifest, type Manifest, manifestName, parseManifest, sizeProblems } from './manifest.ts'
import { filesLock, filesNameOf, follow, newFilesName, point, pointedAt, unpoint } from './name-link.ts'

/** A published snapshot: immutable files from which any number of machines start. */
export interface Template {
  readonly folder: string
  readonly manifest: Manifest
}

/** A snapshot in the making: a folder that becomes the template when the snapshot's name leads to it. */
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
  find(name: string): Promise<Template | undefined> {
    return this.read(name, async (folder) => {
      const manifest = await readManifest(name, folder)
      const [problem] = await sizeProblems(folder, manifest)
      if (problem !== undefined) {
        throw damaged(name, folder, problem)
      }
      return { folder, manifest }
    })
  }

  /** The template of that name. @throws OsrunError SNAPSHOT_NOT_FOUND with the names there are, SNAPSHOT_DAMAGED */
  async get(name: string): Promise<Template> {
    const template = await this.find(name)
    if (template === undefined) {
      throw await this.#notFound(name)
    }
    return template
  }

  /** All snapshots, by name. A damaged one is left out. */
  async list(): Promise<SnapshotInfo[]> {
    const names = await this.names()
    const found = await Promise.all(names.map((name) => this.info(name).catch(() => undefined)))
    return found.filter((info) => info !== undefined)
  }

  /** What there is to say of the snapshot of that name, or undefined. @throws OsrunError SNAPSHOT_DAMAGED */
  info(name: string): Promise<SnapshotInfo | undefined> {
    return this.read(name, async (folder) => describe(folder, await readManifest(name, folder)))
  }

  /** The names of all snapshots, also of damaged ones. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.folder).catch(() => [])
    return entries.filter((name) => !name.startsWith('.')).sort()
  }

  /**
   * Gives `read` the folder of the snapshot of that name, again if it was replaced or removed meanwhile: what `read`
   * comes to is of one publication.
   * @returns undefined where there is no such snapshot
   */
  async read<T>(name: string, read: (folder: string) => Promise<T>): Promise<T | undefined> {
    const link = join(this.folder, checkName('snapshot', name))
    for (;;) {
      const folder = await follow(link)
      if (folder === undefined || (folder === link && !(await exists(join(folder, manifestName))))) {
        return undefined
      }
      try {
        return await read(folder)
      } catch (error) {
        if ((await follow(link)) === folder) {
          throw error
        }
      }
    }
  }

  /** Removes a snapshot, also a damaged one. Running machines and snapshots made from it go on: their files are linked. */
  async remove(name: string): Promise<void> {
    if (!(await unpoint(join(this.folder, checkName('snapshot', name))))) {
      throw await this.#notFound(name)
    }
    await this.collect()
  }

  /** A new draft. Its lock tells a later `collect` that its maker still lives. @throws OsrunError DISK_FULL */
  async draft(): Promise<Draft> {
    const { folder, unlock } = await this.#newFiles()
    let open_ = true
    const end = async (remove: boolean) => {
      if (open_) {
        open_ = false
        if (remove) {
          await rm(folder, { recursive: true, force: true })
        }
        await rm(filesLock(folder), { force: true })
        await unlock()
      }
    }
    const publish = async (manifest: Manifest, replace: boolean) => {
      const template = await this.#publish(folder, manifest, replace).catch((error) => {
        throw asDiskFull(error, folder)
      })
      await end(false)
      if (replace) {
        await this.collect()
      }
      return template
    }
    try {
      await mkdir(folder, { mode: 0o700 })
      return { folder, discard: () => end(true), publish }
    } catch (error) {
      await end(true)
      throw asDiskFull(error, folder)
    }
  }

  /** Removes the files that no name leads to and nobody makes now: what was replaced, and what killed processes left. */
  async collect(): Promise<void> {
    const entries: string[] = await readdir(this.folder).catch(() => [])
    const pointed = await pointedAt(this.folder)
    for (const name of new Set(entries.map(filesNameOf).filter((found) => found !== undefined))) {
      const folder = join(this.folder, name)
      const isSettled = pointed.has(name) && !entries.includes(filesLock(name))
      const unlock = isSettled ? undefined : await tryLock(filesLock(folder))
      if (unlock !== undefined) {
        // Looked at again: its maker may have published it before it let go of the lock.
        if (!(await pointedAt(this.folder)).has(name)) {
          await rm(folder, { recursive: true, force: true })
        }
        await rm(filesLock(folder), { force: true })
        await unlock()
      }
    }
  }

  async #newFiles(): Promise<{ folder: string; unlock: Unlock }> {
    for (;;) {
      const folder = join(this.folder, newFilesName())
      const unlock = await tryLock(filesLock(folder)).catch((error) => {
        throw asDiskFull(error, folder)
      })
      // Held for a moment by a `collect` that found it before it was ours.
      if (unlock !== undefined) {
        return { folder, unlock }
      }
    }
  }

  async #publish(draft: string, manifest: Manifest, replace: boolean): Promise<Template> {
    const link = join(this.folder, checkName('name', manifest.name))
    if (!replace && (await follow(link)) !== undefined) {
      throw snapshotExists(manifest.name)
    }
    for (const { name } of filesOf(manifest)) {
      await chmod(join(draft, name), 0o444)
      await sync(join(draft, name))
    }
    await writeFile(join(draft, manifestName), formatManifest(manifest), { mode: 0o444 })
    await sync(join(draft, manifestName))
    await sync(draft)
    if (!(await point(link, draft, replace))) {
      throw snapshotExists(manifest.name)
    }
    await sync(this.folder)
    return { folder: draft, manifest }
  }

  async #notFound(name: string): Promise<OsrunError> {
    const names = await this.names()
    const id = failureId(name)
    if (id !== undefined) {
      const ids = names.map(failureId).filter((each) => each !== undefined)
      return stateNotFound(id, 'of a failed test', ids)
    }
    const others = names.filter((each) => failureId(each) === undefined)
    return new OsrunError(
      'SNAPSHOT_NOT_FOUND',
      `There is no snapshot "${name}". Snapshots: ${others.join(', ') || 'none yet'}. Take one with \`win.snapshot(name)\`.`,
    )
  }
}

/** The error for a name that is taken. */
export function snapshotExists(name: string): OsrunError {
  return new OsrunError(
    'SNAPSHOT_EXISTS',
    `A snapshot "${name}" exists already. Choose another name, or replace it: win.snapshot('${name}', { replace: true }).`,
  )
}

async function readManifest(name: string, folder: string): Promise<Manifest> {
  const manifest = parseManifest(await readFile(join(folder, manifestName), 'utf8').catch(() => ''))
  if (manifest === undefined) {
    throw damaged(name, folder, 'its manifest cannot be read')
  }
  return manifest
}

async function describe(folder: string, manifest: Manifest): Promise<SnapshotInfo> {
  // The layers below the top one belong to the snapshots it was made from, too.
  const own = [manifest.ram, manifest.state, manifest.overlay, ...manifest.layers.slice(0, 1)]
  const taken = await Promise.all(own.map(async (file) => (await stat(join(folder, file.name))).blocks * 512))
  return {
    name: manifest.name,
    guest: manifest.guest,
    ...(manifest.parent === undefined ? {} : { parent: manifest.parent }),
    createdAt: manifest.createdAt,
    size: taken.reduce((sum, bytes) => sum + bytes, 0),
    ...(manifest.recipe === undefined ? {} : { recipe: manifest.recipe.name }),
    ...(manifest.failure && { failure: { file: manifest.failure.file, test: manifest.failure.test } }),
  }
}

function damaged(name: string, folder: string, why: string): OsrunError {
  return new OsrunError(
    'SNAPSHOT_DAMAGED',
    `Snapshot "${name}" in ${folder} is damaged: ${why}. Remove it (\`osrun snapshots remove ${name}\`) and make it ` +
      'anew; `provisioned` is made anew by itself.',
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
