// A process of its own: loads the project's Vitest, and runs its command when it is told to.

import module from 'node:module'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { patient } from './patience.ts'
import type { Run } from './vitest-process.ts'
import { type Edit, type WatchedSuite, watchSuite } from './watched-vitest.ts'

interface Size {
  readonly columns: number
  readonly rows: number
}

const size: Size | null = JSON.parse(process.argv[2] ?? 'null')
const keys = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => keys })
let watched: WatchedSuite | undefined

if (size !== null) {
  for (const stream of [process.stdout, process.stderr]) {
    Object.assign(stream, { isTTY: true, ...size })
  }
}

function findVitest(): { library: string; command: string; version: string } {
  const require = module.createRequire(join(process.cwd(), 'package.json'))
  const library = require.resolve('vitest/node')
  const folder = dirname(dirname(library))
  const { version } = require(join(folder, 'package.json'))
  return { library, command: join(folder, 'vitest.mjs'), version }
}

function main(): void {
  const vitest = findVitest()
  process.on('message', ({ run, keys: pressed, edits }: { run?: Run; keys?: string; edits?: readonly Edit[] }) => {
    if (pressed !== undefined) {
      keys.write(pressed)
    }
    if (edits !== undefined) {
      watched?.edited(edits)
    }
    if (run !== undefined) {
      start(run, vitest)
    }
  })
  import(pathToFileURL(vitest.library).href).then(
    () => {
      // Now, not at the end: this process may wait in a snapshot for ever, and others shall have it.
      module.flushCompileCache?.()
      process.send?.({ version: vitest.version })
    },
    (error: unknown) => process.send?.({ failed: String(error instanceof Error ? error.stack : error) }),
  )
}

function start({ argv, env, cwd, watch }: Run, { library, command }: { library: string; command: string }): void {
  Object.assign(process.env, env)
  process.chdir(cwd)
  // In place: Vitest's reader of arguments has kept the array since it was loaded.
  process.argv.splice(0, process.argv.length, process.execPath, command, ...argv)
  if (watch) {
    Object.defineProperty(process, 'stdin', { value: keys, configurable: true })
    const stdin = keys as unknown as NodeJS.ReadStream
    watched = watchSuite({ library, argv, stdin, rested: () => process.send?.({ rested: true }) })
    return
  }
  // Nothing more comes, and what Vitest starts shall not see that somebody listens.
  process.disconnect()
  import(pathToFileURL(command).href).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    process.exitCode = 1
  })
}

globalThis.setTimeout = patient(globalThis.setTimeout)
try {
  main()
} catch (error) {
  process.send?.({ failed: String(error instanceof Error ? error.message : error) })
}
