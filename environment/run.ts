import { MachineRoom } from '../src/client/machine-room.ts'
import { viewerAddress } from '../src/client/viewer-address.ts'
import { isAboutExposed } from '../src/protocol/debug-ports.ts'
import { OsrunError } from '../src/protocol/errors.ts'
import type { MediaOptions } from '../src/protocol/media-options.ts'
import { mediaSeenBy } from '../src/runtime/media-path.ts'
import { type ProgressLines, ticking } from '../src/runtime/progress-lines.ts'
import { defaultCache, type ServerOptions, serverOptionEntries } from '../src/runtime/settings.ts'
import { startRuntime } from '../src/runtime/start.ts'
import type { ServerHandover } from './handover.ts'
import type { OsrunOptions } from './options.ts'
import { type BuiltRecipes, buildRecipes } from './recipes/build.ts'
import type { RecipePlan } from './recipes/projects.ts'

/** A project's part in the run's machine room. */
export interface RunMembership {
  readonly started: Promise<ServerHandover & { readonly capacity: number }>
  /** Builds what the guests lack. */
  install(guests: Iterable<string>): Promise<void>
  /** Finds or builds what the recipes of a project make. What is there already is said once in a run. */
  build(recipes: RecipePlan): Promise<BuiltRecipes>
  /** Stops the machine room with its last user. Safe to call twice. */
  leave(): Promise<void>
}

interface Run {
  users: number
  readonly options: string
  readonly started: Promise<StartedRun>
  /** Recipes' snapshots that were found or built, by the store's names. */
  readonly known: Set<string>
}

interface StartedRun extends ServerHandover {
  readonly room: MachineRoom
  readonly accelerator: string
  readonly capacity: number
  /** How Windows is installed where a guest is one and is not there. */
  readonly windows: { readonly media: MediaOptions } | undefined
  stop(): Promise<void>
}

const runKey: unique symbol = Symbol.for('osrun.run.v1')
const leaseGrace = 15_000

/**
 * The machine room of this process's test run, started by the first who joins: Vitest 4 calls a global setup once for
 * each project.
 * @throws OsrunError BAD_OPTION where projects disagree on the options of the whole run
 */
export function joinRun(options: OsrunOptions, lines: ProgressLines): RunMembership {
  const holder = globalThis as { [runKey]?: Run | undefined }
  const serverOptions = pickServerOptions(options)
  const described = JSON.stringify(serverOptions)
  const run = holder[runKey] ?? {
    users: 0,
    options: described,
    started: startRun(serverOptions, lines),
    known: new Set<string>(),
  }
  if (run.options !== described) {
    throw new OsrunError(
      'BAD_OPTION',
      'Expected all projects of one run to agree on the options runtime, accel, cache, machines, standbys, tempDrive, memory, cpus, media and ' +
        `expose, for they share one machine room; got ${withoutToken(run.options)} and ${withoutToken(described)}`,
    )
  }
  holder[runKey] = run
  run.users += 1
  let left: Promise<void> | undefined
  async function leave(): Promise<void> {
    run.users -= 1
    if (run.users === 0) {
      holder[runKey] = undefined
      const started = await run.started.catch(() => undefined)
      await started?.stop()
    }
  }
  return {
    started: run.started,
    async install(guests) {
      const { room, accelerator, capacity, windows } = await run.started
      for (const guest of guests) {
        await ticking(lines, () => room.install(guest, lines.report, { ...(windows && { windows }) }))
        lines.say(`guest ${guest} is ready; accelerator ${accelerator}, machines at once: ${capacity}`)
      }
    },
    async build(recipes) {
      const { room } = await run.started
      return ticking(lines, () => buildRecipes({ ...recipes, room, lines, known: run.known }))
    },
    leave() {
      left ??= leave()
      return left
    },
  }
}

async function startRun(options: ServerOptions, lines: ProgressLines): Promise<StartedRun> {
  let starting = true
  const onLog = (line: string) => (starting || isAboutExposed(line)) && lines.say(line.replace(/^osrun: /, ''))
  const server = await ticking(lines, () => startRuntime(options, { onProgress: lines.report, onLog }))
  starting = false
  const { url, token, runtime } = server
  const opening = MachineRoom.open({ url, token })
  async function stop(): Promise<void> {
    const room = await opening.catch(() => undefined)
    // Vitest tears this down while the last workers still end. Leases on a shared machine room may be anybody's.
    if (runtime !== 'remote') {
      await room?.drain(leaseGrace).catch(() => {})
    }
    await room?.close()
    await server.stop()
  }
  try {
    const room = await opening
    const { accelerator, capacity } = await room.status()
    // Where a person reads it, and no log keeps its token.
    if (process.stdout.isTTY) {
      lines.say(`the machines can be watched at ${viewerAddress(server, '/')}`)
    }
    const { media, cache = defaultCache(process.env) } = options
    const windows = media && { media: mediaSeenBy(runtime, cache, media) }
    return { url, token, room, accelerator, capacity, windows, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function pickServerOptions(options: OsrunOptions): ServerOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in serverOptionEntries))
}

/** Options as they may be shown: tokens are not. */
function withoutToken(options: string): string {
  return options.replace(/"token":"[^"]*"/, '"token":"…"')
}
