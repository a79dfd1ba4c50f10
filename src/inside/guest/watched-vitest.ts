// Vitest in watch mode, without a watcher: what was edited comes from elsewhere, and so nothing is guessed from events
// of a file system that may come late, twice, or not at all.

import { pathToFileURL } from 'node:url'
import type { Reporter, Vitest } from 'vitest/node'

/** What has become of a file, in the words of Vite's watcher. */
export interface Edit {
  readonly event: 'add' | 'change' | 'unlink'
  /** Absolute. */
  readonly path: string
}

/** A suite that waits for edits. */
export interface WatchedSuite {
  edited(edits: readonly Edit[]): void
}

interface Watching {
  /** Path of the project's `vitest/node`. */
  readonly library: string
  /** As Vitest's command takes them. */
  readonly argv: readonly string[]
  /** Keys of a person. */
  readonly stdin: NodeJS.ReadStream
  /** Called after each run, when all that it writes is written. */
  rested(): void
}

/** Does what Vitest's command does with `--watch`. */
export function watchSuite({ library, argv, stdin, rested }: Watching): WatchedSuite {
  let vitest: Vitest | undefined
  const reporter: Reporter = { onWatcherStart: rested }
  const plugin = {
    name: 'osrun:watch',
    // Vitest 5 has a watcher where it finds none, and after us: what it says is not heard.
    configResolved({ server }: { server: object }) {
      Object.defineProperty(server, 'watch', { get: () => null, set() {}, enumerable: true })
    },
    configureVitest(context: { vitest: Vitest }) {
      vitest = context.vitest
      const reporters: unknown[] = vitest.config.reporters
      if (!reporters.includes(reporter)) {
        reporters.push(reporter)
      }
    },
  }
  start()
  return {
    edited(edits) {
      for (const { event, path } of edits) {
        vitest?.vite.watcher.emit('all', event, path)
        vitest?.vite.watcher.emit(event, path)
      }
    },
  }

  async function start(): Promise<void> {
    try {
      const { parseCLI, startVitest }: typeof import('vitest/node') = await import(pathToFileURL(library).href)
      const { filter, options } = parseCLI(['vitest', ...argv])
      const { exclude, ...others } = options
      const server = await startVitest(
        'test',
        filter,
        {
          ...others,
          // As the command has it: `exclude` would be in place of the config's.
          ...(exclude && { cliExclude: [exclude].flat() }),
          ...(filter.some((each) => each.includes(':')) && { includeTaskLocation: true }),
          watch: true,
        },
        { plugins: [plugin], server: { watch: null } },
        { stdin },
      )
      if (!server.shouldKeepServer()) {
        await server.exit()
      }
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
      process.exit(1)
    }
  }
}
