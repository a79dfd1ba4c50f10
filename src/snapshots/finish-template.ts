import { randomBytes } from 'node:crypto'
import { copyFile, link, realpath, rename, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createOverlay } from '../machines/disk.ts'
import type { Machine, Programs } from '../machines/machine.ts'
import type { FailureNote, RecipeTrace } from '../protocol/messages.ts'
import type { Manifest } from './manifest.ts'
import { memoryOffset } from './restore.ts'
import type { Draft, Template } from './store.ts'

/** Names within a snapshot's folder. */
export const fileNames = { ram: 'ram', state: 'state', overlay: 'overlay.qcow2' } as const

/** What a snapshot is called and belongs to. */
export interface TemplateIdentity {
  readonly guest: string
  readonly name: string
  readonly key: string
  readonly parent?: string
  readonly recipe?: RecipeTrace
  readonly failure?: FailureNote
}

/**
 * Completes a draft that holds `ram` and `state` with the disk layers of `machine`, and publishes it.
 * @param layers top first; the top one is written no more
 * @param ramOffset where in `ram` the memory begins
 */
export async function finishTemplate(
  programs: Programs,
  draft: Draft,
  machine: Machine,
  layers: readonly string[],
  identity: TemplateIdentity,
  replace: boolean,
  ramOffset?: number,
): Promise<Template> {
  const { folder } = draft
  const [top = ''] = layers
  const blank = await createOverlay(programs.qemuImg, machine.place.folder, basename(top))
  await move(blank, join(folder, fileNames.overlay))
  await Promise.all(layers.map((layer) => share(layer, join(folder, basename(layer)))))
  const described = async (name: string) => ({ name, size: (await stat(join(folder, name))).size })
  const manifest: Manifest = {
    format: 1,
    ...identity,
    id: randomBytes(8).toString('hex'),
    createdAt: new Date().toISOString(),
    memoryMiB: machine.origin.shape.memoryMiB,
    ram: { ...(await described(fileNames.ram)), ...memoryOffset({ offset: ramOffset }) },
    state: await described(fileNames.state),
    overlay: await described(fileNames.overlay),
    layers: await Promise.all(layers.map((layer) => described(basename(layer)))),
  }
  return draft.publish(manifest, replace)
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(() => copyFile(from, to))
}

// A hard link where both are on one file system: nothing is copied, and removing either leaves the other whole.
async function share(from: string, to: string): Promise<void> {
  // A layer may itself be a symbolic link, where a machine's folder is on another file system.
  await link(await realpath(from), to).catch(() => copyFile(from, to))
}
