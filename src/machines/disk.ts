import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, link, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { OsrunError } from '../protocol/errors.ts'

/**
 * The file name of the guest's own disk below all layers, wherever it is linked. A layer names the one below it
 * without a folder, so a chain can be opened in any folder that links all of it.
 */
export const baseName = 'disk-base.qcow2'

/** The file name that a new overlay over these layers (top first) names as its backing file. */
export function topName(layers: readonly string[]): string {
  const [top] = layers
  return top === undefined ? baseName : basename(top)
}

/** A file name for a new layer that no other layer has. */
export function newLayerName(): string {
  return `disk-${randomBytes(8).toString('hex')}.qcow2`
}

/**
 * Makes `folder` a place where a chain can be opened.
 * @param layers the chain, top first, without the guest's own disk; absolute paths
 */
export async function linkLayers(folder: string, layers: readonly string[], base: string): Promise<void> {
  await Promise.all([
    symlink(base, join(folder, baseName)),
    ...layers.map((layer) => linkLayer(layer, join(folder, basename(layer)))),
  ])
}

/** A hard link where the file system allows: what a snapshot's removal leaves whole. A symbolic one elsewhere. */
async function linkLayer(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EXDEV' || error.code === 'EPERM'))) {
      throw error
    }
    await symlink(from, to)
  }
}

/**
 * Makes an empty overlay in `folder` over the layer `backing`, which lies or is linked there.
 * @param size virtual size in bytes, where the layer is in use and cannot be asked
 * @returns the overlay's path
 */
export async function createOverlay(qemuImg: string, folder: string, backing: string, size?: number): Promise<string> {
  const name = newLayerName()
  const words = ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', backing]
  await runQemuImg(qemuImg, folder, [...words, ...(size === undefined ? [name] : ['-u', name, String(size)])])
  return join(folder, name)
}

/** The same as a copy of an overlay over `backing`: of a blank one it is some 200 KB, in place of a process. */
export async function copyOverlay(blank: string, folder: string): Promise<string> {
  const path = join(folder, newLayerName())
  await copyFile(blank, path, constants.COPYFILE_FICLONE)
  // A copy has the mode of the published file, which nobody may write.
  await chmod(path, 0o600)
  return path
}

/**
 * One layer that holds what all of `layers` do (top first), over the guest's own disk: reading through a long chain is
 * slow, and each of its files stays open.
 * @param folder where the chain lies or is linked
 * @returns the new layer's path, in that folder
 */
export async function flattenLayers(qemuImg: string, folder: string, layers: readonly string[]): Promise<string> {
  const [top = ''] = layers
  const path = await copyOverlay(top, folder)
  // Takes from the layers between what the top one does not have itself.
  await runQemuImg(qemuImg, folder, ['rebase', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', baseName, basename(path)])
  return path
}

async function runQemuImg(qemuImg: string, folder: string, words: readonly string[]): Promise<void> {
  const done = await execa(qemuImg, words, { cwd: folder, reject: false, stdin: 'ignore' })
  if (done.failed) {
    throw new OsrunError('QEMU_UNUSABLE', `\`qemu-img ${words[0]}\` failed: ${done.stderr || done.shortMessage}`)
  }
}
