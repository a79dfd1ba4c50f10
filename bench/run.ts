// Measures, side by side in one run, what the design promises. Prints a table and writes bench/results.json.
import { writeFile } from 'node:fs/promises'
import { arch, cpus, release, totalmem } from 'node:os'
import { startServer } from '../src/client/index.ts'
import { probeAccelerator } from '../src/machines/probe/accelerator.ts'
import { defaultCache } from '../src/runtime/settings.ts'
import { openGuestHome } from '../src/server/guest-home.ts'
import { findPrograms } from '../src/server/programs.ts'
import { openRunFolder } from '../src/server/run-folder.ts'
import { provisioned } from '../src/snapshots/provision.ts'
import { putProgram } from '../test/machine/with-program.ts'
import { timeAcquire } from './acquire.ts'
import { timeCommands } from './commands.ts'
import { prepareLoadvm, timeRestore } from './restore.ts'
import { type Statistics, summarize } from './statistics.ts'
import { timeThroughput } from './throughput.ts'

const rounds = 20
const say = (line: string) => process.stdout.write(`${line}\n`)

const cache = defaultCache(process.env)
const server = await startServer({ runtime: 'host', cache, standbys: 0, onProgress: ({ phase }) => say(phase) })
const busy = await server.acquire({ guest: 'wine', snapshot: provisioned, label: 'bench', network: 'internet' })
await putProgram(busy)
const commands = await timeCommands(busy, 2 * rounds)
const throughputs = await timeThroughput(busy, 3)
await busy[Symbol.asyncDispose]()
await server[Symbol.asyncDispose]()
const { restored: anew, standby } = await timeAcquire(cache, rounds)

const { version, ...programs } = await findPrograms()
const { accelerator } = await probeAccelerator({ qemu: programs.qemu, requested: 'auto', cacheFolder: cache })
const home = await openGuestHome('wine', { accelerator, qemuVersion: version }, { cache, onProgress: () => {} })
const run = await openRunFolder(cache)
const bench = { programs, home, template: await home.store.get(provisioned), place: () => run.place() }
const loadvm = await prepareLoadvm(bench)
const restored: number[] = []
const loaded: number[] = []
try {
  for (let round = 0; round < rounds; round += 1) {
    restored.push(await timeRestore(bench))
    loaded.push(await loadvm.time())
  }
} finally {
  await loadvm.remove()
  await run.remove()
}

const rows: [string, Statistics][] = [
  ['qemu -loadvm: QEMU started to guest running', summarize(loaded)],
  ['osrun restore: asked to guest running', summarize(restored)],
  ['osrun acquire: asked to agent answering, clock set', summarize(anew.acquire)],
  ['  its first command (exit 0)', summarize(anew.first)],
  ['  the same command again', summarize(anew.again)],
  ['osrun acquire, a machine stands by', summarize(standby.acquire)],
  ['  its first command (exit 0), the next standby being made', summarize(standby.first)],
  ['  the same command again', summarize(standby.again)],
  ['a program that ends at once: CreateProcess in the guest', summarize(commands.bare)],
  ['a program that ends at once: win.run', summarize(commands.run)],
]
const milliseconds = (value: number) => `${value.toFixed(0)} ms`.padStart(9)
say(
  `\n${accelerator}, guest wine, ${home.shape.memoryMiB} MiB, ${rounds} rounds${' '.repeat(17)}median      p95      p99`,
)
for (const [name, { median, p95, p99 }] of rows) {
  say(`${name.padEnd(58)}${milliseconds(median)}${milliseconds(p95)}${milliseconds(p99)}`)
}
const ratio = (a: number[], b: number[]) => (summarize(a).median / summarize(b).median).toFixed(2)
say(`\nosrun restore is ${ratio(loaded, restored)} times as fast as qemu -loadvm (medians).`)
say(
  `osrun acquire is ${ratio(loaded, anew.acquire)} times as fast, ${ratio(loaded, standby.acquire)} times with a standby.`,
)
say(
  `The first command takes ${ratio(anew.first, anew.again)} times as long as the same again, ${ratio(standby.first, standby.again)} times with a standby.`,
)
const added = summarize(commands.run).median - summarize(commands.bare).median
say(`win.run adds ${added.toFixed(1)} ms to a bare CreateProcess (medians).`)

say(`\nMiB/s (medians)${' '.repeat(16)}osrun   ncat, 8 KiB pieces   64 KiB pieces`)
const speed = (values: number[]) => summarize(values).median.toFixed(1)
for (const [name, { osrun, ncat, large }] of Object.entries(throughputs)) {
  say(`${name.padEnd(27)}${speed(osrun).padStart(9)}${speed(ncat).padStart(21)}${speed(large).padStart(16)}`)
}

const host = { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem(), kernel: release(), arch: arch() }
const results = {
  date: new Date().toISOString(),
  host,
  qemu: version,
  accelerator,
  rounds,
  rows: Object.fromEntries(rows),
  throughputs,
}
await writeFile(new URL('results.json', import.meta.url), `${JSON.stringify(results, undefined, 2)}\n`)
