import { resolve } from 'node:path'
import { type OsrunServer, openServer, startServer } from '../../client/server.ts'
import type { Progress } from '../../protocol/messages.ts'
import { defaultCache, optionsFromEnvironment, toMiB } from '../../runtime/settings.ts'
import type { RunCommand } from './options.ts'

/** What to hear while a machine room opens. */
export interface RoomHooks {
  /** Aborting it gives up what is being opened. */
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  onLog(line: string): void
}

/** In our image: the folder of its ready-made guests; undefined elsewhere. */
export const imageGuests = process.env['OSRUN_GUEST_FILES']
const viewerPort = 8000

/**
 * The machine room for one command: in a container of our image in this very process, with the viewer on the port that
 * its owner publishes; elsewhere as the options say. Its guest is made ready, which takes minutes the first time.
 * @throws OsrunError of `startServer`
 */
export async function openRoom(options: RunCommand, version: string, hooks: RoomHooks): Promise<OsrunServer> {
  const { guest, runtime, accel, drive, tempDrive, memory, cpus } = options
  if (imageGuests === undefined || process.env['OSRUN_URL']) {
    return startServer({
      ...{ guest, standbys: 0 },
      ...(accel !== 'auto' && { accel }),
      ...(runtime !== 'auto' && { runtime }),
      ...(drive !== undefined && { cache: resolve(drive) }),
      ...(tempDrive && { tempDrive }),
      ...(memory !== undefined && { memory }),
      ...(cpus !== undefined && { cpus }),
      ...hooks,
    })
  }
  const [{ serve }, { readToken }] = await Promise.all([import('../../server/serve.ts'), import('../serve.ts')])
  const variables = optionsFromEnvironment(process.env)
  const { token } = await readToken()
  const served = await serve({
    ...{ host: '0.0.0.0', port: viewerPort, token, version },
    ...{ cache: resolve(drive ?? defaultCache(process.env)), guestFiles: imageGuests },
    ...{ tempDrive, cpus, standbys: 0 },
    accel: accel === 'auto' ? (variables.accel ?? accel) : accel,
    memoryMiB: memory === undefined ? undefined : toMiB(memory),
    log: hooks.onLog,
  })
  return openServer(
    { url: `ws://127.0.0.1:${viewerPort}`, token },
    guest,
    () => served.close(),
    (room) => room.install(guest, hooks.onProgress),
    hooks.signal,
  )
}
