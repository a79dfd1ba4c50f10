import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { defaultCapacity } from '../src/machines/capacity.ts'
import type { Bench } from './bench.ts'
import { type Loadvm, prepareLoadvm } from './loadvm.ts'
import { endedChildrenSeconds } from './process-figures.ts'
import type { Measured } from './results.ts'
import { openSavedGuest, usualMemoryMiB } from './saved-guest.ts'
import { summarize } from './statistics.ts'
import { loadedFile, portMark, restoredFile } from './suite/files.ts'

const files = 20
const repository = fileURLToPath(new URL('..', import.meta.url))

/** 20 test files of one command each, run by Vitest: with this package as it is built, and as osrun runs a command. */
export async function measureSuite(bench: Bench): Promise<Measured> {
  // As many as Vitest takes by itself, and for both.
  const host = { cores: cpus().length, memoryBytes: totalmem() }
  const workers = Math.min(Math.max(availableParallelism() - 1, 1), defaultCapacity(host, usualMemoryMiB))
  const guest = await openSavedGuest(bench)
  await using loadvm = await prepareLoadvm(guest)
  await using project = await createProject(bench, guest.programs.qemu, loadvm, workers)
  const seconds = { osrun: [] as number[], loadvm: [] as number[] }
  const processors = { osrun: [] as number[], loadvm: [] as number[] }
  const rounds = Math.ceil(bench.rounds / 10)
  for (let round = 0; round < rounds; round += 1) {
    for (const way of ['osrun', 'loadvm'] as const) {
      bench.say(`suite: round ${round + 1} of ${rounds}, ${way}`)
      const before = await endedChildrenSeconds()
      seconds[way].push(await runSuite(project.folder, way, workers, bench.signal))
      processors[way].push((await endedChildrenSeconds()) - before)
    }
  }
  const row = (what: string, values: number[]) => ({ what, unit: 's' as const, figures: summarize(values) })
  const perFile = (values: number[]) => values.map((value) => value / files)
  return {
    tables: [
      {
        title: `${files} files of one command each, ${workers} at once`,
        rows: [
          row('with this package, from start to end', seconds.osrun),
          row('QEMU with `-loadvm` and ncat in each file, from start to end', seconds.loadvm),
          row('with this package, of that for each file', perFile(seconds.osrun)),
          row('QEMU with `-loadvm` and ncat, of that for each file', perFile(seconds.loadvm)),
          row('processor time for each file, with this package', perFile(processors.osrun)),
          row('processor time for each file, QEMU with `-loadvm` and ncat', perFile(processors.loadvm)),
        ],
      },
    ],
    goals: [
      {
        what: `a suite of ${files} files: how often as fast as with \`qemu -loadvm\` and ncat`,
        measured: summarize(seconds.loadvm).median / summarize(seconds.osrun).median,
        unit: 'times',
        budget: { atLeast: 3 },
      },
    ],
  }
}

/** A user's project in a folder of its own, with the package as it is built. */
async function createProject(bench: Bench, qemu: string, loadvm: Loadvm, workers: number) {
  // Among the bench's own files, where the next run finds it if this one is killed.
  const { folder } = bench.run.place()
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await mkdir(join(folder, 'node_modules'), { recursive: true })
    await symlink(join(repository, 'package'), join(folder, 'node_modules/vitest-environment-osrun'))
    await symlink(join(repository, 'node_modules/vitest'), join(folder, 'node_modules/vitest'))
    const commandLines = []
    // Two QEMUs may not write to one disk. Copied ahead, so that it does not count.
    for (let worker = 1; worker <= workers; worker += 1) {
      commandLines.push(await loadvm.words(`worker-${worker}`, portMark))
    }
    const options = JSON.stringify({ runtime: 'host', cache: bench.cache })
    await put(folder, {
      'package.json': '{ "type": "module" }\n',
      'loadvm.json': JSON.stringify({ qemu, commandLines }),
      'osrun.config.ts': `
        import { osrun } from 'vitest-environment-osrun/plugin'
        export default { plugins: [osrun(${options})], test: { include: ['osrun/*.test.ts'] } }
      `,
      'loadvm.config.ts': `
        export default { test: { include: ['loadvm/*.test.ts'], testTimeout: 60_000 } }
      `,
    })
    for (let number = 1; number <= files; number += 1) {
      await put(folder, {
        [`osrun/${number}.test.ts`]: restoredFile(number),
        [`loadvm/${number}.test.ts`]: loadedFile(number),
      })
    }
    return { folder, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function put(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

async function runSuite(folder: string, way: string, workers: number, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now()
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const words = [vitest, 'run', `--config=${way}.config.ts`, `--maxWorkers=${workers}`]
  const { exitCode, all } = await execa(process.execPath, words, {
    ...{ cwd: folder, env: { CI: '1', NO_COLOR: '1' }, stdin: 'ignore', all: true, reject: false },
    ...{ cancelSignal: signal, killSignal: 'SIGINT', forceKillAfterDelay: 30_000 },
  })
  const seconds = (performance.now() - startedAt) / 1000
  signal.throwIfAborted()
  if (exitCode !== 0) {
    throw new Error(`the suite failed:\n${all}`)
  }
  return seconds
}
