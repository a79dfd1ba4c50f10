// Measures, side by side in one run, what the design promises: `npm run bench -- [--rounds N] [NAME...]`. Prints tables
// and writes bench/results.json; `--markdown` measures nothing and puts those results into docs/performance.md.
import { parseArgs } from 'node:util'
import { measureAcquire } from './acquire.ts'
import { type Bench, openBench } from './bench.ts'
import { measureCommands } from './command-cost.ts'
import { writeDocumentation } from './documentation.ts'
import { measureMemory } from './memory.ts'
import { measureRestore } from './restore.ts'
import { describeHost, type Measured, readResults, withMeasured, writeResults } from './results.ts'
import { measureSuite } from './suite.ts'
import { asText, goalsGrid, rowsGrid } from './table.ts'
import { measureThroughput } from './throughput.ts'
import { measureWarmUp } from './warm-up.ts'

const measurements: Readonly<Record<string, (bench: Bench) => Promise<Measured>>> = {
  restore: measureRestore,
  acquire: measureAcquire,
  'warm-up': measureWarmUp,
  memory: measureMemory,
  suite: measureSuite,
  commands: measureCommands,
  throughput: measureThroughput,
}

const out = (text: string) => process.stdout.write(`${text}\n`)
const startedAt = performance.now()
const say = (line: string) =>
  process.stderr.write(`[${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s] ${line}\n`)

process.exitCode = await main(process.argv.slice(2))

async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '20' }, markdown: { type: 'boolean', default: false } },
  })
  const rounds = Number(values.rounds)
  const unknown = positionals.filter((name) => !Object.hasOwn(measurements, name))
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    say(`usage: npm run bench -- [--rounds N] [--markdown] [${Object.keys(measurements).join(' | ')}]...`)
    return 2
  }
  if (values.markdown) {
    const results = await readResults()
    if (results === undefined) {
      say('there is no bench/results.json: measure first')
      return 1
    }
    await writeDocumentation(results)
    return 0
  }
  return measure(positionals.length > 0 ? positionals : Object.keys(measurements), rounds)
}

/** Each measurement's results are written as soon as they are there, and one that fails leaves the others theirs. */
async function measure(names: string[], rounds: number): Promise<number> {
  const signal = interruption()
  await using bench = await openBench({ rounds, signal, say })
  const host = describeHost(bench.equipment.qemuVersion, bench.equipment.accelerator)
  const done: Measured[] = []
  for (const name of names) {
    if (signal.aborted) {
      break
    }
    say(`measuring ${name}`)
    try {
      const measured = await measurements[name]?.(bench)
      if (measured !== undefined) {
        done.push(measured)
        const dated = { date: new Date().toISOString(), rounds, ...measured }
        await writeResults(withMeasured(await readResults(), host, name, dated))
      }
    } catch (error) {
      say(
        signal.aborted ? `${name} was interrupted` : `${name} failed: ${error instanceof Error ? error.stack : error}`,
      )
    }
  }
  for (const table of done.flatMap(({ tables }) => tables)) {
    out(`\n${asText(rowsGrid(table))}`)
  }
  if (done.length > 0) {
    out(`\n${asText(goalsGrid(done.flatMap(({ goals }) => goals)))}`)
  }
  return signal.aborted ? 130 : done.length === names.length ? 0 : 1
}

/** The first Ctrl-C ends the measurement in order, the second at once: then the kernel ends the machines. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  let interruptedAt = 0
  const interrupt = (name: string) => {
    if (!controller.signal.aborted) {
      interruptedAt = Date.now()
      say(`${name}: stopping after this step`)
      controller.abort()
    } else if (Date.now() - interruptedAt > 1000) {
      // Sooner, it is the same one: whoever started us passes on what the terminal has told us already.
      process.exit(130)
    }
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, interrupt)
  }
  return controller.signal
}
