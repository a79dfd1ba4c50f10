import { posix, relative, resolve, sep } from 'node:path'
import { acquireWin } from '../client/lease.ts'
import { MachineRoom } from '../client/machine-room.ts'
import type { OsrunServer } from '../client/server.ts'
import type { Win } from '../client/win.ts'
import type { Progress } from '../protocol/messages.ts'
import { answerFor } from './answer.ts'
import { reportPlaces, vitestArguments } from './arguments.ts'
import { type BroughtBack, bringBack, type WayBack } from './bring-back.ts'
import { dependencyKey, readIngredients } from './dependencies/key.ts'
import { follow } from './follow.ts'
import type { Terms } from './guest/vitest-process.ts'
import type { RunnerLink } from './link.ts'
import { PathMap } from './path-map.ts'
import { findProject, guestFolder, type Project } from './project.ts'
import { sendFiles } from './send-files.ts'
import { linkTo, type PreparedSnapshot, prepareSnapshot } from './snapshot.ts'
import { SuiteOutput } from './suite-output.ts'
import { type Manifest, readManifest } from './travelling-files.ts'
import { windowsNode } from './windows-node.ts'
import { backWords, bytes, sentWords, shorten } from './words.ts'

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
  const { url, token } = server
  const request = { guest, snapshot, network, clock: 'sync', label: `osrun test: ${project.root}` } as const
  // A test may ask for a snapshot while its own suite has a connection into the guest.
  await using win = await acquireWin({ url, token, signal }, request, { attached: true })
  signal.throwIfAborted()
  // Awaited here: the machine is given back with the end of this function.
  return await runIn(win, task, preparation)
}

async function findSnapshot(
  server: OsrunServer,
  task: SuiteTask,
  { project, manifest }: ReadProject,
): Promise<PreparedSnapshot> {
  const { guest, network, signal, onProgress, say } = task
  const room = await MachineRoom.open(server)
  try {
    const paths = manifest.files.map(({ path }) => path)
    const prepared = await prepareSnapshot({
      ...{ room, project, manifest, guest, network, signal, onProgress, say },
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
    const reports = reportPlaces(task.arguments).map((path) => inProject(task, project, path))
    const way: WayBack = { root: project.root, map, sent: known, include, reports }
    const exitCode = await execute(win, link, task, preparation, way)
    const back = await bringBack(link, way)
    for (const line of backWords(back)) {
      say(line)
    }
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
  win: Win,
  link: RunnerLink,
  task: SuiteTask,
  { project, map }: Preparation,
  way: WayBack,
): Promise<number> {
  const { argv, watch } = vitestArguments(task.arguments, map)
  const output = new SuiteOutput(map, task)
  const run = { argv, env: task.env, cwd: project.cwd, watch }
  const following = watch ? await followProject(link, task, project, way) : undefined
  try {
    return await link.run(run, task.terms, {
      started() {},
      out: (channel, piece) => output.write(channel, piece),
      rested: () => following?.rested(),
      asked: (question) => answerFor(win, question),
    })
  } finally {
    await following?.stop()
    output.end()
  }
}

function followProject(link: RunnerLink, { stdin, say }: SuiteTask, project: Project, way: WayBack) {
  const { root, include, sent: known } = way
  return follow(link, {
    ...{ root, include, known, stdin, say },
    dependencies: async (paths) => dependencyKey(await readIngredients(project, paths), []),
    async bringBack() {
      // What stays in the guest is said once, at the end.
      for (const line of backWords({ ...(await bringBack(link, way)), left: [] })) {
        say(line)
      }
    },
    interrupt: () => process.kill(process.pid, 'SIGINT'),
  })
}

function inProject({ folder }: SuiteTask, { root }: Project, path: string): string {
  return posix.normalize(relative(root, resolve(folder, path)).split(sep).join('/'))
}
