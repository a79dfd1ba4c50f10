import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { LastWords } from '../machines/last-words.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { Progress } from '../protocol/messages.ts'
import { checkRoom } from '../snapshots/room.ts'
import { findInstalled } from '../windows/installed.ts'
import { type InstallingWindows, prepareWindows } from '../windows/prepare-windows.ts'
import { type GuestFiles, isWindows } from './guest.ts'
import { guestFileNames, readGuestId, writeGuestId } from './guest-id.ts'
import { lockGuest } from './lock-guest.ts'
import { findRecipe, type Recipe } from './recipe.ts'

/** How to come by a guest's files. */
export interface Preparing {
  readonly cache: string
  /** Folder with ready-made guests, one folder each; they are not built then. */
  readonly guestFiles?: string | undefined
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
  /** How Windows is installed where it is not there; without it that is an error. */
  readonly installing?: InstallingWindows | undefined
}

/**
 * The files of the guest of that name: ready-made ones, those of an earlier build from the same recipe, or built now.
 * Two processes that need the same build make it once.
 * @throws OsrunError GUEST_BUILD_FAILED, HOST_INCOMPLETE, DISK_FULL; of `prepareWindows`
 */
export async function prepareGuest(name: string, task: Preparing): Promise<GuestFiles & { built: boolean }> {
  if (isWindows({ name })) {
    const { cache, installing, onProgress, signal } = task
    return prepareWindows(name, cache, installing, onProgress, signal)
  }
  if (task.guestFiles !== undefined) {
    return { ...(await readyMade(join(task.guestFiles, name))), built: false }
  }
  const recipe = await findRecipe(name)
  const folder = guestFolder(task.cache, name, recipe)
  if (existsSync(folder)) {
    return { ...(await inFolder(folder)), built: false }
  }
  const unlock = await lockGuest(task.cache, name, task.signal)
  try {
    const built = !existsSync(folder)
    if (built) {
      await build(name, recipe, folder, task)
    }
    return { ...(await inFolder(folder)), built }
  } finally {
    await unlock()
  }
}

/** The same without building anything: undefined where the guest is not there. */
export async function installedGuest(
  name: string,
  { cache, guestFiles }: Pick<Preparing, 'cache' | 'guestFiles'>,
): Promise<GuestFiles | undefined> {
  if (isWindows({ name })) {
    return (await findInstalled(join(cache, 'guests', name)))?.files
  }
  if (guestFiles !== undefined) {
    return readyMade(join(guestFiles, name))
  }
  const folder = guestFolder(cache, name, await findRecipe(name))
  return existsSync(folder) ? inFolder(folder) : undefined
}

/** Where the guest that this recipe makes is kept. */
export function guestFolder(cache: string, name: string, recipe: Recipe): string {
  return join(cache, 'guests', name, recipe.id)
}

function paths(folder: string, id: string): GuestFiles {
  const { disk, kernel, initrd } = guestFileNames
  return { disk: join(folder, disk), kernel: join(folder, kernel), initrd: join(folder, initrd), id }
}

async function inFolder(folder: string): Promise<GuestFiles> {
  // Guests of the first versions have none yet.
  return paths(folder, await readGuestId(folder).catch(() => writeGuestId(folder)))
}

async function readyMade(folder: string): Promise<GuestFiles> {
  try {
    return paths(folder, await readGuestId(folder))
  } catch (cause) {
    throw new OsrunError(
      'UNKNOWN_GUEST',
      `Expected a ready-made guest with a guest.json in ${folder}. Mount one there, or take an image that has it.`,
      { cause },
    )
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
    await writeGuestId(draft)
    await rename(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Removes what killed builders left. For who holds the lock: no draft that lies here is anybody else's then. */
export async function removeDeadDrafts(parent: string): Promise<void> {
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
