import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LeaseRequest } from '../client/lease.ts'
import type { MachineRoom } from '../client/machine-room.ts'
import type { RecipeClaim } from '../client/recipe-claim.ts'
import type { Win } from '../client/win.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { Progress, RecipeTrace } from '../protocol/messages.ts'
import { installDependencies } from './dependencies/install.ts'
import { dependencyKey, type Ingredient } from './dependencies/key.ts'
import { ScriptsFinder, type Unbuilt, walkInstalled } from './dependencies/walk.ts'
import { digestOf } from './guest/project-files.ts'
import type { Terms } from './guest/vitest-process.ts'
import { insidePackage } from './inside-package.ts'
import { RunnerLink } from './link.ts'
import { guestFolder, insideFolder, type Project } from './project.ts'
import { sendFiles } from './send-files.ts'
import type { Manifest } from './travelling-files.ts'
import type { WindowsNode } from './windows-node.ts'
import { shorten } from './words.ts'

/** What a state is made of in which Node and the project's Vitest are loaded already. */
export interface SnapshotTask {
  readonly room: MachineRoom
  readonly project: Project
  readonly manifest: Manifest
  readonly ingredients: readonly Ingredient[]
  readonly node: WindowsNode
  readonly terms: Terms
  readonly guest: string
  readonly network: 'isolated' | 'internet'
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  /** Called with lines for a person. */
  say(line: string): void
}

/** The name of the snapshot, and how it came about. */
export interface PreparedSnapshot {
  readonly name: string
  /** Where it was built just now. */
  readonly built?: { readonly vitest: string; readonly bytes: number; readonly unbuilt: readonly Unbuilt[] }
}

/** The port that the runner listens on, on the guest's own loopback. */
const runnerPort = 5455
const runnerFolder = `${insideFolder}\\.runner`
const runnerLog = `${runnerFolder}\\log.txt`
const runnerDeadline = 120_000
/** Seconds. */
const endPatience = 30

/**
 * Finds the snapshot with the project's dependencies, or builds it: Node, dependencies, files and a loaded Vitest.
 * @throws OsrunError PROJECT_UNFIT, RUNNER_FAILED, and what acquiring a machine and taking a snapshot throw
 */
export async function prepareSnapshot(task: SnapshotTask): Promise<PreparedSnapshot> {
  const { room, guest, project } = task
  const runner = await readRunner()
  const parent = (await room.templates(guest)).find(({ name }) => name === 'provisioned')
  const key = dependencyKey(task.ingredients, [
    ...['inside 1', task.node.version, guestFolder(project.root), project.cwd, String(parent?.id)],
    digestOf(Buffer.from(JSON.stringify([runner, await insidePackage()]))),
  ])
  const recipe = recipeName(project)
  const name = `${recipe}-${key}`
  const isThere = (templates: readonly { name: string }[]) => templates.some((template) => template.name === name)
  if (isThere(await room.templates(guest))) {
    await room.keep(guest, [name])
    return { name }
  }
  const claim = await room.claim(guest, recipe, task.onProgress)
  try {
    if (isThere(await claim.templates())) {
      return { name }
    }
    const built = await build(task, claim, runner)
    task.onProgress({ phase: 'keeping the state' })
    await publish(claim, name, { name: recipe, key, uploads: [] })
    return { name, built }
  } finally {
    await claim.close()
  }
}

/** The end of the connection into the guest is told by the guest, and until then there is no snapshot. */
async function publish(claim: RecipeClaim, name: string, trace: RecipeTrace): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await claim.publish(name, trace)
    } catch (error) {
      if (attempt === endPatience || !String(error).includes('still open')) {
        throw error
      }
      await delay(1000)
    }
  }
}

async function build(task: SnapshotTask, claim: RecipeClaim, runner: readonly RunnerFile[]) {
  const { project, guest, network, signal, onProgress } = task
  onProgress({ phase: `installing dependencies for Windows (${project.manager.name})` })
  await using dependencies = await installDependencies(project, task.ingredients, signal)
  const request: LeaseRequest = {
    ...{ guest, snapshot: 'provisioned', clock: 'sync', network },
    label: `osrun test: preparing ${project.root}`,
  }
  const win = await claim.acquire(request, { signals: () => [signal] })
  onProgress({ phase: `bringing Node ${task.node.version} into the guest` })
  await win.upload(task.node.path, `${runnerFolder}\\node.exe`)
  await startRunner(win, runner, guestFolder(project.root))
  const link = await linkTo(win, signal)
  try {
    onProgress({ phase: 'bringing dependencies and files into the guest' })
    const finder = await sendDependencies(link, dependencies.folder)
    sayMissing(task, finder.missing())
    for (const { path, text } of await insidePackage()) {
      await link.say({ type: 'write', path }, Buffer.from(text))
    }
    await sendFiles(link, project.root, task.manifest, new Map())
    await link.sync()
    onProgress({ phase: 'loading Vitest in the guest' })
    const vitest = await link.load(task.terms, project.cwd)
    await link.end()
    return { vitest, bytes: link.sent, unbuilt: finder.found() }
  } finally {
    link.close()
  }
}

/** The connection to the runner in a machine that has one. @throws OsrunError RUNNER_FAILED with its last words */
export async function linkTo(win: Win, signal: AbortSignal): Promise<RunnerLink> {
  try {
    return await RunnerLink.open(await win.port(runnerPort), runnerDeadline, signal)
  } catch (cause) {
    signal.throwIfAborted()
    const words = await win.readFile(runnerLog, 'utf8').catch(() => '')
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('RUNNER_FAILED', `${why}. Its last words: ${words.trim().slice(-2000) || 'none'}`, { cause })
  }
}

async function sendDependencies(link: RunnerLink, folder: string): Promise<ScriptsFinder> {
  const finder = new ScriptsFinder()
  const links: { path: string; target: string }[] = []
  for await (const installed of walkInstalled(folder)) {
    if (installed.kind === 'link') {
      links.push(installed)
      continue
    }
    finder.look(installed.path, installed.bytes)
    await link.say({ type: 'write', path: installed.path }, installed.bytes)
  }
  for (const { path, target } of links) {
    await link.say({ type: 'link', path, target })
  }
  return finder
}

/** Said before Vitest is loaded, which may be what does not work without it. */
function sayMissing({ say, project }: SnapshotTask, missing: readonly string[]): void {
  if (missing.length > 0) {
    const { name, lockfile } = project.manager
    const npm = ' npm leaves it out where node_modules was there first: remove both, and `npm install`.'
    say(`${lockfile} has no build for Windows of ${shorten(missing)}.${name === 'npm' ? npm : ''}`)
  }
}

/** It is nobody's child when the command has ended, and so a part of the snapshot. */
async function startRunner(win: Win, files: readonly RunnerFile[], root: string): Promise<void> {
  for (const { name, text } of files) {
    await win.writeFile(`${runnerFolder}\\${name}`, text)
  }
  // What is loaded again and again is compiled once.
  const env = { NODE_COMPILE_CACHE: `${insideFolder}\\.compiled` }
  const start = files.find(({ name }) => name.startsWith('start.'))?.name
  const command = [`${runnerFolder}\\node.exe`, `${runnerFolder}\\${start}`, runnerLog, String(runnerPort), root]
  await win.run(command, { env })
}

interface RunnerFile {
  readonly name: string
  readonly text: string
}

/** The runner's own modules, beside this one: compiled, or as they are, which Node 24 runs as well. */
async function readRunner(): Promise<RunnerFile[]> {
  const folder = fileURLToPath(new URL('./guest/', import.meta.url))
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const names = (await readdir(folder)).filter((name) => name.endsWith(extension) && !name.endsWith('.d.ts')).sort()
  const files = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(`${folder}${name}`, 'utf8') })),
  )
  return [...files, { name: 'package.json', text: '{ "type": "module" }\n' }]
}

/** One name for each project: of a recipe's snapshots, few are kept. */
function recipeName({ root }: Project): string {
  const words = guestFolder(root)
    .split('\\')
    .at(-1)
    ?.toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 24)
  return `inside-${words}-${digestOf(Buffer.from(root)).slice(0, 6)}`
}
