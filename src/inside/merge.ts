import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { OsrunServer } from '../client/server.ts'
import { OsrunError } from '../protocol/errors.ts'
import { splitReporting } from './arguments.ts'
import { PartProgress } from './part-progress.ts'
import { type Merging, type Part, partsOf } from './parts.ts'
import { type Preparation, runSuite, type SuiteTask } from './suite.ts'
import { vitestHere } from './vitest-here.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const mergeProgram = fileURLToPath(new URL(`./merge-main.${extension}`, import.meta.url))
const wordsKept = 2000

/** What several runs with one report are made of. */
export interface MergePlan {
  readonly parts: readonly Part[]
  /** Folder of this computer for what they leave. */
  readonly folder: string
  /** Path of the Vitest that runs here and merges. */
  readonly command: string
  /** Arguments of who merges. */
  readonly merge: readonly string[]
}

/**
 * Divides a suite, before anything is started for it.
 * @throws OsrunError BAD_OPTION, PROJECT_UNFIT
 */
export function planMerged(task: Pick<SuiteTask, 'folder' | 'arguments'>, merging: Merging): MergePlan {
  const folder = join(task.folder, '.vitest', `osrun-${randomBytes(4).toString('hex')}`)
  const { merge, parts } = splitReporting(task.arguments)
  return { parts: partsOf(parts, folder, merging), folder, command: vitestHere(task.folder), merge }
}

/**
 * Runs the parts of a suite at the same time, and merges what they report with this computer's Vitest.
 * @returns the exit code of the merged run
 * @throws OsrunError RUNNER_FAILED where a part was lost, after the report of the others
 */
export async function runMerged(
  server: OsrunServer,
  task: SuiteTask,
  preparation: Preparation,
  { parts, folder, command, merge }: MergePlan,
): Promise<number> {
  try {
    const ends = await Promise.allSettled(
      parts.map((part) =>
        part.place === 'here' ? runHere(command, part, task) : runThere(server, part, task, preparation),
      ),
    )
    task.signal.throwIfAborted()
    const lost = ends.flatMap((end, index) =>
      end.status === 'rejected' ? [{ part: parts[index] as Part, why: end.reason as unknown }] : [],
    )
    const whole = parts.filter((part) => lost.every((each) => each.part !== part))
    const exitCode = whole.length === 0 ? 1 : await mergeParts(task, whole, merge)
    if (lost.length > 0) {
      throw lostParts(lost, parts.length)
    }
    return exitCode
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runThere(server: OsrunServer, part: Part, task: SuiteTask, preparation: Preparation): Promise<void> {
  const say = sayOf(part, task)
  const progress = new PartProgress(say)
  const stream = new PassThrough().setEncoding('utf8').on('data', (piece: string) => progress.take(piece))
  const { exitCode } = await runSuite(
    server,
    {
      ...task,
      arguments: part.arguments,
      stdout: stream,
      stderr: stream,
      say,
    },
    preparation,
  )
  checkEnd(part, task, progress, exitCode)
}

async function runHere(command: string, part: Part, task: SuiteTask): Promise<void> {
  const say = sayOf(part, task)
  const progress = new PartProgress(say)
  const child = execa(process.execPath, [command, ...part.arguments], {
    cwd: task.folder,
    env: task.env,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    cancelSignal: task.signal,
  })
  child.all.setEncoding('utf8').on('data', (piece: string) => progress.take(piece))
  const { exitCode } = await child
  checkEnd(part, task, progress, exitCode)
}

/** A run that ended without a report has failed as a whole, whatever its exit code. */
function checkEnd(part: Part, task: SuiteTask, progress: PartProgress, exitCode?: number): void {
  if (!existsSync(part.blob)) {
    const words = progress.text.slice(-wordsKept) || 'nothing'
    throw new OsrunError('RUNNER_FAILED', `Vitest ended with ${exitCode} and left no report. It said:\n${words}`)
  }
  sayOf(part, task)(exitCode === 0 ? 'passed' : 'failed')
  // Of an error outside of all tests the report has no words.
  const unhandled = progress.text.indexOf('Unhandled Error')
  if (unhandled >= 0) {
    task.say(`${part.name} has also said:\n${progress.text.slice(unhandled, unhandled + wordsKept)}\n`)
  }
}

/** What tells a person something of a part. */
function sayOf({ name }: Part, task: SuiteTask): (line: string) => void {
  return (line) => task.say(`${name}: ${line}`)
}

async function mergeParts(task: SuiteTask, parts: readonly Part[], given: readonly string[]): Promise<number> {
  const systems = parts.flatMap(({ blob, system }) => (system === undefined ? [] : [[basename(blob), system]]))
  const folder = dirname(parts[0]?.blob ?? '')
  const words = [mergeProgram, folder, JSON.stringify(Object.fromEntries(systems)), ...given]
  const merged = await execa(process.execPath, words, {
    cwd: task.folder,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
    cancelSignal: task.signal,
  })
  task.signal.throwIfAborted()
  return merged.exitCode ?? 1
}

function lostParts(lost: readonly { part: Part; why: unknown }[], all: number): OsrunError {
  const words = lost.map(({ part, why }) => `${part.name}: ${why instanceof Error ? why.message : why}`)
  const rest = lost.length === all ? 'There is no report' : 'The report above is that of the others'
  const cause = lost[0]?.why
  return new OsrunError('RUNNER_FAILED', `${rest}, for this was lost:\n${words.join('\n')}`, { cause })
}
