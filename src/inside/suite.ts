import { posix, relative, resolve, sep } from 'node:path'
import { MachineRoom } from '../client/machine-room.ts'
import type { OsrunServer } from '../client/server.ts'
import type { Win } from '../client/win.ts'
import type { Progress } from '../protocol/messages.ts'
import { reportPlaces, vitestArguments } from './arguments.ts'
import { type BroughtBack, bringBack } from './bring-back.ts'
import { readIngredients } from './dependencies/key.ts'
import { follow } from './follow.ts'
import type { Terms } from './guest/vitest-process.ts'
import type { RunnerLink } from './link.ts'
import { PathMap } from './path-map.ts'
import { findProject, guestFolder, type Project } from './project.ts'
import { type Sent, sendFiles } from './send-files.ts'
import { linkTo, type PreparedSnapshot, prepareSnapshot } from './snapshot.ts'
import { SuiteOutput } from './suite-output.ts'
import { type Manifest, readManifest } from './travelling-files.ts'
import { windowsNode } from './windows-node.ts'

/** A suite, and where and how it runs. */
export interface SuiteTask {
  /** Where the command was given. */
  readonly folder: string
  /** As Vitest's own command takes them. */
  readonly arguments: readonly string[]
  /** Files and folders that travel although git ignores them, from `folder`. */
  readonly include: readonly string[]
  /** Version of Node in the guest, or its beginning. */
  readonly node: string
  readonly guest: string
  readonly network: 'isolated' | 'internet'
  /** Folder for guests and snapshots. */
  readonly cache: string
  /** What Vitest shall take itself to be in. */
  readonly terms: Terms
  /** More variables for Vitest. */
  readonly env: Readonly<Record<string, string>>
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Keys for Vitest, where it watches. */
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  /** Called with lines for a person. */
  say(line: string): void
}

/** What is known of a project before a machine is there. */
interface ReadProject {
  readonly project: Project
  readonly map: PathMap
  readonly manifest: Manifest
  /** From the project's folder. */
  readonly include: readonly string[]
}

/** A project whose state in the guest is there to begin in. */
export interface Preparation extends ReadProject {
  readonly snapshot: string
}

/** What a run came to. */
export interface SuiteEnd {
  readonly exitCode: number
  readonly back: BroughtBack
}

async function readProject({ folder, include, say }: SuiteTask): Promise<ReadProject> {
  const project = findProject(folder)
  const included = include.map((path) => relative(project.root, resolve(folder, path)).split(sep).join('/'))
  const manifest = await readManifest(project.root, included)
  if (manifest.leftOut.length > 0) {
    say(`links that lead to no file of the project stay here: ${shorten(manifest.leftOut)}`)
  }
  return { project, map: new PathMap(guestFolder(project.root), project.root), manifest, include: included }
}

/**
 * Brings about the state that the suite begins in, where it is not there yet.
 * @throws OsrunError PROJECT_UNFIT, RUNNER_FAILED, and what acquiring a machine and taking a snapshot throw
 */
export async function prepareSuite(server: OsrunServer, task: SuiteTask): Promise<Preparation> {
  const read = await readProject(task)
  return { ...read, snapshot: (await findSnapshot(server, task, read)).name }
}

/**
 * Runs the suite in a machine of its own, and brings back what it wrote.
 * @throws OsrunError
 */
export async function runSuite(server: OsrunServer, task: SuiteTask, preparation: Preparation): Promise<SuiteEnd> {
  const { guest, network, signal } = task
  const { snapshot, project } = preparation
  await using win = await server.acquire({ guest, snapshot, network, label: `osrun test: ${project.root}` })
  signal.throwIfAborted()
  // Awaited here: the machine is given back with the end of this function.
  return await runIn(win, task, preparation)
}

async function findSnapshot(
  server: OsrunServer,
  task: SuiteTask,
  { project, manifest }: ReadProject,
): Promise<PreparedSnapshot> {
  const { guest, network, signal, onProgress } = task
  const room = await MachineRoom.open(server)
  try {
    const paths = manifest.files.map(({ path }) => path)
    const prepared = await prepareSnapshot({
      ...{ room, project, manifest, guest, network, signal, onProgress },
      ingredients: await readIngredients(project, paths),
      node: await windowsNode(task.cache, task.node, signal),
      terms: task.terms,
    })
    sayBuilt(task, prepared)
    return prepared
  } finally {
    await room.close()
  }
}

function sayBuilt({ say }: SuiteTask, { built }: PreparedSnapshot): void {
  if (built === undefined) {
    return
  }
  say(`Vitest ${built.vitest} is ready in the guest; ${bytes(built.bytes)} went there`)
  if (built.unbuilt.length > 0) {
    const names = built.unbuilt.map(({ name, scripts }) => `${name} (${scripts.join(', ')})`)
    say(`install scripts did not run, they would have run on this computer: ${shorten(names)}`)
  }
}

async function runIn(win: Win, task: SuiteTask, preparation: Preparation): Promise<SuiteEnd> {
  const { project, map, manifest, include } = preparation
  const { signal, say } = task
  const link = await linkTo(win, signal)
  const stop = () => link.close()
  signal.addEventListener('abort', stop)
  try {
    const known = await link.known()
    const sent = await sendFiles(link, project.root, manifest, known)
    await link.sync()
    say(sentWords(sent, link.sent))
    const exitCode = await execute(link, task, preparation, known)
    const reports = reportPlaces(task.arguments).map((path) => inProject(task, project, path))
    const back = await bringBack(link, { root: project.root, map, sent: known, include, reports })
    sayBack(task, back)
    return { exitCode, back }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    link.close()
  }
}

async function execute(
  link: RunnerLink,
  task: SuiteTask,
  { project, map, include }: Preparation,
  known: Map<string, string>,
): Promise<number> {
  const { argv, watch } = vitestArguments(task.arguments, map)
  const output = new SuiteOutput(map, task)
  const run = { argv, env: task.env, cwd: project.cwd, interactive: watch }
  const stop = watch ? await follow(link, { ...task, root: project.root, include, known }) : async () => {}
  try {
    return await link.run(run, task.terms, {
      started() {},
      out: (channel, piece) => output.write(channel, piece),
    })
  } finally {
    await stop()
    output.end()
  }
}

function inProject({ folder }: SuiteTask, { root }: Project, path: string): string {
  return posix.normalize(relative(root, resolve(folder, path)).split(sep).join('/'))
}

function sentWords({ written, removed }: Sent, total: number): string {
  const gone = removed.length > 0 ? `, ${count(removed.length, 'file')} removed` : ''
  return `${count(written.length, 'file')} sent${gone} (${bytes(total)})`
}

function sayBack({ say }: SuiteTask, { written, removed, kept, left }: BroughtBack): void {
  if (written.length > 0) {
    say(`written by the suite: ${shorten(written)}`)
  }
  if (removed.length > 0) {
    say(`removed by the suite: ${shorten(removed)}`)
  }
  if (kept.length > 0) {
    say(`changed on this computer too, and left as they are here: ${shorten(kept)}`)
  }
  if (left.length > 0) {
    say(`${count(left.length, 'file')} that git ignores stayed in the guest (--include brings them): ${shorten(left)}`)
  }
}

function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** A size for a person. */
function bytes(number: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const power = Math.min(Math.floor(Math.log10(Math.max(number, 1)) / 3), units.length - 1)
  return power === 0 ? `${number} bytes` : `${(number / 1000 ** power).toPrecision(3)} ${units[power]}`
}
