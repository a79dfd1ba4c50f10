import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { execa } from 'execa'
import type { OsrunServer } from '../client/server.ts'
import { OsrunError } from '../protocol/errors.ts'
import { splitReporters } from './arguments.ts'
import { type Preparation, runSuite, type SuiteTask } from './suite.ts'

/** A suite that runs in several machines, or here as well, with one report. */
export interface Merging {
  /** How many machines share the test files. */
  readonly shards: number
  /** Whether the suite runs on this computer, too. */
  readonly local: boolean
}

/** One of the runs, and the file that it leaves. */
interface Part {
  readonly name: string
  /** How the report calls where it ran. */
  readonly label: string
  readonly arguments: readonly string[]
}

const systems: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'macos' }
const firstWithLabels = 5

/**
 * Runs the parts of a suite at the same time, and merges what they report with this computer's Vitest.
 * @returns the exit code of the merged run
 * @throws OsrunError, also where a part leaves no report
 */
export async function runMerged(
  server: OsrunServer,
  task: SuiteTask,
  preparation: Preparation,
  merging: Merging,
): Promise<number> {
  const vitest = findVitest(task.folder)
  if (merging.local && vitest.major < firstWithLabels) {
    throw new OsrunError(
      'PROJECT_UNFIT',
      `Vitest ${vitest.version} takes the same file of two systems for one: one report of both needs Vitest 5. Run ` +
        '`vitest` and `osrun test` one after the other.',
    )
  }
  const { reporters, rest } = splitReporters(task.arguments)
  const reports = `.vitest/osrun-${randomBytes(4).toString('hex')}`
  const folder = join(task.folder, reports)
  const said = new Map<string, string>()
  try {
    await Promise.all([
      ...shardParts(rest, reports, merging).map(async (part) => {
        const output = collect()
        const { exitCode } = await runSuite(
          server,
          {
            ...task,
            ...output.streams,
            arguments: part.arguments,
            env: { ...task.env, VITEST_BLOB_LABEL: part.label },
          },
          preparation,
        )
        said.set(part.name, output.text())
        task.say(`${part.name}: ${exitCode === 0 ? 'passed' : 'failed'}`)
      }),
      ...(merging.local ? [localPart(rest, reports)] : []).map(async (part) => {
        const { all, exitCode } = await runHere(vitest.command, part.arguments, task, part.label)
        said.set(part.name, all)
        task.say(`${part.name}: ${exitCode === 0 ? 'passed' : 'failed'}`)
      }),
    ])
    await checkReports(folder, said)
    const merged = await execa(process.execPath, [vitest.command, 'run', `--merge-reports=${reports}`, ...reporters], {
      cwd: task.folder,
      stdio: 'inherit',
      reject: false,
      cancelSignal: task.signal,
    })
    return merged.exitCode ?? 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The parts that run in machines. */
export function shardParts(given: readonly string[], reports: string, { shards, local }: Merging): Part[] {
  return Array.from({ length: shards }, (_each, index) => {
    const place = shards === 1 ? '' : ` ${index + 1}/${shards}`
    const shard = shards === 1 ? [] : [`--shard=${index + 1}/${shards}`]
    return {
      name: `windows${place}`,
      // One system needs no name.
      label: local ? 'windows' : '',
      arguments: [...given, ...shard, ...blob(reports, `windows-${index + 1}`)],
    }
  })
}

function localPart(given: readonly string[], reports: string): Part {
  const label = systems[process.platform] ?? process.platform
  return { name: label, label, arguments: ['run', ...given, ...blob(reports, label)] }
}

function blob(reports: string, name: string): string[] {
  return ['--reporter=blob', `--outputFile.blob=${reports}/${name}.json`]
}

function runHere(command: string, given: readonly string[], task: SuiteTask, label: string) {
  return execa(process.execPath, [command, ...given], {
    cwd: task.folder,
    env: { ...task.env, VITEST_BLOB_LABEL: label },
    stdin: 'ignore',
    all: true,
    reject: false,
    cancelSignal: task.signal,
  })
}

async function checkReports(folder: string, said: ReadonlyMap<string, string>): Promise<void> {
  const reports = (await readdir(folder).catch(() => [])).map((name) => name.replace(/\.json$/, ''))
  for (const [name, words] of said) {
    const report = name.startsWith('windows') ? `windows-${/(\d+)\//.exec(name)?.[1] ?? 1}` : name
    if (!reports.includes(report)) {
      throw new OsrunError('RUNNER_FAILED', `The run "${name}" left no report. What it said:\n${words.trim()}`)
    }
  }
}

function findVitest(folder: string): { command: string; version: string; major: number } {
  const require = createRequire(join(folder, 'package.json'))
  try {
    const root = dirname(dirname(require.resolve('vitest/node')))
    const { version }: { version: string } = require(join(root, 'package.json'))
    return { command: join(root, 'vitest.mjs'), version, major: Number(version.split('.')[0]) }
  } catch (cause) {
    throw new OsrunError(
      'PROJECT_UNFIT',
      `Expected Vitest to be installed in ${folder}: it merges the reports. Install the project's dependencies first.`,
      { cause },
    )
  }
}

/** Streams of which nobody needs to see anything unless something is missing. */
function collect() {
  let text = ''
  const stream = new PassThrough().setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return { streams: { stdout: stream, stderr: stream }, text: () => text }
}
