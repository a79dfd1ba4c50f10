import { resolve } from 'node:path'
import { type OsrunServer, openServer } from '../client/server.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { Progress } from '../protocol/messages.ts'
import { mediaSeenBy } from '../runtime/media-path.ts'
import type { RunningServer } from '../runtime/runtime.ts'
import { defaultCache, optionsFromEnvironment } from '../runtime/settings.ts'
import { isImage } from '../server/container.ts'

/** Which machine room a command works in. */
export interface RoomCommand {
  readonly guest: string
  readonly runtime: 'auto' | 'docker' | 'host'
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  /** Another folder for guests and snapshots. */
  readonly drive?: string
  readonly tempDrive?: boolean
  /** MiB */
  readonly memory?: number
  readonly cpus?: number
  readonly expose?: boolean
  /** How Windows is installed where it is not there. */
  readonly windows?: { readonly media: MediaOptions; readonly slow?: boolean; readonly keep?: boolean }
}

/** What to hear while a machine room opens. */
export interface RoomHooks {
  /** Aborting it gives up what is being opened. */
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  onLog(line: string): void
  /** The guest is ready; `built` if that was done just now. */
  onReady?(built: boolean): void
}

/** Whether machines are given by a room that somebody else has started. */
export const isElsewhere = Boolean(process.env['OSRUN_URL'])
const viewerPort = 8000

/**
 * The machine room for one command, and its guest made ready, which takes minutes the first time.
 * @throws OsrunError of `startServer`
 */
export async function openRoom(command: RoomCommand, version: string, hooks: RoomHooks): Promise<OsrunServer> {
  const room = await (isImage() && !isElsewhere ? serveHere(command, version, hooks) : startRoom(command, hooks))
  return openServer(
    room,
    command.guest,
    () => room.stop(),
    async (client) => {
      const windows = command.windows && {
        ...command.windows,
        media: mediaSeenBy(room.runtime, command.drive ?? defaultCache(process.env), command.windows.media),
      }
      const built = await client.install(command.guest, hooks.onProgress, { ...(windows && { windows }) })
      hooks.onReady?.(built)
    },
    hooks.signal,
  )
}

type Room = Pick<RunningServer, 'url' | 'token' | 'runtime' | 'stop'>

async function startRoom(command: RoomCommand, hooks: RoomHooks): Promise<Room> {
  const { runtime, accel, drive, tempDrive, memory, cpus, expose } = command
  const { startRuntime } = await import('../runtime/start.ts')
  return startRuntime(
    {
      standbys: 0,
      ...(accel !== 'auto' && { accel }),
      ...(runtime !== 'auto' && { runtime }),
      ...(drive !== undefined && { cache: resolve(drive) }),
      ...(tempDrive && { tempDrive }),
      ...(memory !== undefined && { memory: `${memory}MiB` }),
      ...(cpus !== undefined && { cpus }),
      ...(expose && { expose }),
    },
    hooks,
  )
}

/** In a container of our image in this very process, with the viewer on the port that its owner publishes. */
async function serveHere(command: RoomCommand, version: string, hooks: RoomHooks): Promise<Room> {
  const { accel, drive, tempDrive, memory, cpus, expose } = command
  const [{ serve }, { readToken }] = await Promise.all([import('../server/serve.ts'), import('./serve.ts')])
  const variables = optionsFromEnvironment(process.env)
  const { token } = await readToken()
  const served = await serve({
    ...{ host: '0.0.0.0', port: viewerPort, token, version },
    guestFiles: process.env['OSRUN_GUEST_FILES'],
    ...{ tempDrive, cpus, expose, exposeHost: '0.0.0.0', standbys: 0 },
    cache: resolve(drive ?? defaultCache(process.env)),
    accel: accel === 'auto' ? (variables.accel ?? accel) : accel,
    memoryMiB: memory,
    log: hooks.onLog,
  })
  return { url: `ws://127.0.0.1:${viewerPort}`, token, runtime: 'host', stop: () => served.close() }
}
