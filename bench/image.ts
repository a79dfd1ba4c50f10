// What the image costs: its size, building it again, and a command in a new container. By hand: node bench/image.ts
// Needs a Docker Engine and the package built; says a table in Markdown. What it makes it removes.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { readContext } from '../src/runtime/docker/context.ts'
import { findEngine } from '../src/runtime/docker/engine.ts'
import { ensureImage } from '../src/runtime/docker/image.ts'
import { summarize } from './statistics.ts'
import { asMarkdown } from './table.ts'

const rounds = 7
const engine = await findEngine()
const context = await readContext()
const silent = { onProgress: () => {} }

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

/** Builds these contents under a name of its own. */
function build(name: string, files: typeof context.files): Promise<number> {
  return seconds(() => ensureImage(engine, { files, tag: `osrun:bench-${name}` }, silent))
}

/** Seconds from `docker run` to the first byte of its stdout. */
function firstByte(words: readonly string[]): Promise<number> {
  return seconds(async () => {
    const child = execa('docker', ['run', '--rm', ...words], { stdin: 'ignore', buffer: false })
    // Its own end is not measured, and must not disturb the next.
    ended.push(child)
    await Promise.race([once(child.stdout, 'data'), child.then(() => Promise.reject(new Error('it said nothing')))])
  })
}

const ended: Promise<unknown>[] = []
const cache = await mkdtemp(join(tmpdir(), 'osrun-bench-'))
try {
  await ensureImage(engine, context, silent)
  const { Size } = await engine.docker.getImage(context.tag).inspect()
  const changed = new Map([...context.files, ['dist/bench.txt', Buffer.from(String(Date.now()))] as const])
  const afterChange = await build('changed', changed)
  const unchanged = await build('again', changed)

  const osrun = ['-v', `${cache}:/cache`, context.tag, 'echo x']
  const nothing = ['--entrypoint', 'echo', context.tag, 'x']
  const first = await firstByte(osrun)
  await Promise.all(ended)
  const times = { osrun: [] as number[], nothing: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    times.nothing.push(await firstByte(nothing))
    await Promise.all(ended)
    times.osrun.push(await firstByte(osrun))
    await Promise.all(ended)
  }
  const s = (value: number) => `${value.toFixed(1)} s`
  process.stdout.write(
    asMarkdown([
      ['what', 'measured'],
      ['size of the image, unpacked', `${Math.round(Size / 1e6)} MB`],
      ['build again, nothing changed', s(unchanged)],
      ['build again, the package changed', s(afterChange)],
      ['`docker run` of an empty command, to its first byte', s(summarize(times.nothing).median)],
      ["`docker run … osrun 'echo x'`, to its first byte", s(summarize(times.osrun).median)],
      ['the same in an empty cache folder, which boots the guest', s(first)],
    ]),
  )
} finally {
  await Promise.allSettled(ended)
  await execa('docker', ['rmi', 'osrun:bench-changed', 'osrun:bench-again'], { reject: false })
  await execa('docker', ['run', '--rm', '-v', `${cache}:/c`, '--entrypoint', 'sh', context.tag, '-c', 'rm -rf /c/*'])
  await rm(cache, { recursive: true, force: true })
}
