import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import * as v from 'valibot'
import { LastWords } from '../machines/last-words.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { Progress } from '../protocol/messages.ts'
import { lock } from '../snapshots/lock.ts'
import { checkRoom } from '../snapshots/room.ts'
import type { GuestFiles } from './guest.ts'
import { findRecipe, type Recipe } from './recipe.ts'

/** How to come by a guest's files. */
export interface Preparing {
  readonly cache: string
  /** Folder with ready-made guests, one folder each; they are not built then. */
  readonly guestFiles?: string | undefined
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
}

const fileNames = { disk: 'disk.qcow2', kernel: 'vmlinuz', initrd: 'initrd.img' } as const

/**
 * The files of the guest of that name: ready-made ones, those of an earlier build from the same recipe, or built now.
 * Two processes that need the same build make it once.
 * @throws OsrunError GUEST_BUILD_FAILED, HOST_INCOMPLETE, DISK_FULL
 */
export async function prepareGuest(name: string, task: Preparing): Promise<GuestFiles & { built: boolean }> {
  if (task.guestFiles !== undefined) {
    return { ...(await readyMade(join(task.guestFiles, name))), built: false }
  }
  const recipe = await findRecipe(name)
  const folder = join(task.cache, 'guests', name, recipe.id)
  if (existsSync(folder)) {
    return { ...paths(folder, recipe.id), built: false }
  }
  const unlock = await lock(join(task.cache, 'guests', name, '.lock'), task.signal)
  try {
    const built = !existsSync(folder)
    if (built) {
      await build(name, recipe, folder, task)
    }
    return { ...paths(folder, recipe.id), built }
  } finally {
    await unlock()
  }
}

function paths(folder: string, id: string): GuestFiles {
  return {
    disk: join(folder, fileNames.disk),
    kernel: join(folder, fileNames.kernel),
    initrd: join(folder, fileNames.initrd),
    id,
  }
}

const guestJson = v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8,64}$/)) })

async function readyMade(folder: string): Promise<GuestFiles> {
  try {
    const { id } = v.parse(guestJson, JSON.parse(await readFile(join(folder, 'guest.json'), 'utf8')))
    return paths(folder, id)
  } catch (cause) {
    throw new OsrunError('UNKNOWN_GUEST', `Expected a ready-made guest with a guest.json in ${folder}.`, { cause })
  }
}

/** A root file system, its disk image and what is between. */
const buildRoom = 5 * 2 ** 30

async function build(name: string, recipe: Recipe, folder: string, task: Preparing): Promise<void> {
  const parent = join(task.cache, 'guests', name)
  await mkdir(parent, { recursive: true })
  await removeDeadDrafts(parent)
  await checkRoom(parent, buildRoom, `Building guest ${name}`)
  const draft = await mkdtemp(join(parent, '.draft-'))
  try {
    await runRecipe(name, recipe, draft, task)
    await rename(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

// Whoever builds holds the lock, so a draft that lies here now is a killed builder's.
async function removeDeadDrafts(parent: string): Promise<void> {
  const names = await readdir(parent)
  const drafts = names.filter((name) => name.startsWith('.draft-'))
  await Promise.all(drafts.map((name) => rm(join(parent, name), { recursive: true, force: true })))
}

async function runRecipe(name: string, recipe: Recipe, output: string, { onProgress, signal }: Preparing) {
  const words = new LastWords()
  const child = execa('sh', [join(recipe.folder, 'build-on-host'), output, recipe.agent], {
    reject: false,
    stdin: 'ignore',
    buffer: false,
    forceKillAfterDelay: 20_000,
    ...(signal === undefined ? {} : { cancelSignal: signal, gracefulCancel: false }),
  })
  child.stderr.on('data', words.add)
  for await (const line of child) {
    const progress = parseProgress(name, line)
    if (progress !== undefined) {
      onProgress(progress)
    }
  }
  const result = await child
  if (result.failed) {
    throw new OsrunError(
      result.isCanceled ? 'CANCELED' : 'GUEST_BUILD_FAILED',
      `The recipe of guest ${name} ended with ${result.exitCode === undefined ? result.shortMessage : `exit code ${result.exitCode}`}. ` +
        `Its last words:\n${words}\nRun \`osrun doctor\` to see what this host lacks.`,
    )
  }
}

/** A recipe's line `osrun-progress <percent or -> <phase>`; undefined for any other line. */
export function parseProgress(guest: string, line: string): Progress | undefined {
  const parts = /^osrun-progress (\d{1,3}|-) (.+)$/.exec(line)
  if (parts === null) {
    return undefined
  }
  const [, percent, phase] = parts
  return { phase: `guest ${guest}: ${phase}`, ...(percent === '-' ? {} : { percent: Number(percent) }) }
}
