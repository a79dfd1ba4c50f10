import * as v from 'valibot'
import { checkOptions } from '../protocol/check-options.ts'
import { OsrunError } from '../protocol/errors.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { Progress } from '../protocol/messages.ts'
import { mediaSeenBy } from '../runtime/media-path.ts'
import type { RunningServer } from '../runtime/runtime.ts'
import {
  defaultCache,
  nameOption,
  optionsFromEnvironment,
  type ServerOptions,
  serverOptionEntries,
} from '../runtime/settings.ts'
import { MachineRoom } from './machine-room.ts'
import { viewerAddress } from './viewer-address.ts'
import type { Win } from './win.ts'

/** A machine room, ready to give machines. Disposing it gives back its machines and stops what was started. */
export interface OsrunServer extends AsyncDisposable {
  /** Websocket address without path. */
  readonly url: string
  readonly token: string
  /** A page that shows all machines of this server, and what they do. It holds the token. */
  readonly viewerUrl: string
  /**
   * A machine of its own, restored from a snapshot; waits while all are in use.
   * @throws OsrunError SNAPSHOT_NOT_FOUND, UNKNOWN_GUEST, BAD_OPTION, RESTORE_FAILED, CONNECTION_LOST
   */
  acquire(options?: AcquireOptions): Promise<Win>
}

/** Which machine. */
export interface AcquireOptions {
  /** Default: the guest that the server was started with, else `OSRUN_GUEST`, else `wine`. */
  readonly guest?: string
  /** Default `provisioned`. */
  readonly snapshot?: string
  /** Whom the machine is for, as the server shows it. Default: this program's process id. */
  readonly label?: string
  /** `sync` sets the guest's clock to the host's after a restore (default), `frozen` leaves it. */
  readonly clock?: 'sync' | 'frozen'
  /** `isolated` (default): the guest reaches nothing. `internet`: it does. */
  readonly network?: 'isolated' | 'internet'
}

/** How `startServer` starts one. */
export interface StartServerOptions extends ServerOptions {
  /** The guest to make ready, and the default of `acquire`. Default `OSRUN_GUEST`, else `wine`. */
  readonly guest?: string
  /** Called with each phase of what takes long: building an image or a guest. */
  onProgress?(progress: Progress): void
  /** Called with each line that the machine room says about itself. */
  onLog?(line: string): void
  /** Aborting it before the server is ready gives up the start; afterwards it does nothing. */
  readonly signal?: AbortSignal
}

/** Where a machine room answers. */
export interface ConnectOptions {
  /** E.g. `ws://127.0.0.1:8000`. */
  readonly url: string
  readonly token: string
}

const defaultGuest = 'wine'
const schema = v.strictObject({ ...serverOptionEntries, guest: nameOption })

/**
 * Starts a machine room, and builds its guest where that was not done yet.
 * @throws OsrunError RUNTIME_UNAVAILABLE, SERVER_START_FAILED, GUEST_BUILD_FAILED, BAD_OPTION, CANCELED, ...
 */
export async function startServer(options: StartServerOptions = {}): Promise<OsrunServer> {
  const { onProgress = () => {}, onLog = () => {}, signal, ...rest } = options
  const {
    guest = guestFromEnvironment(),
    media,
    ...serverOptions
  } = checkOptions(schema, rest, 'the options of `startServer`')
  const { startRuntime } = await import('../runtime/start.ts')
  const server = await startRuntime(serverOptions as ServerOptions, { onProgress, onLog, ...(signal && { signal }) })
  const windows = media && {
    media: mediaSeenBy(server.runtime, serverOptions.cache ?? defaultCache(process.env), media as MediaOptions),
  }
  return openServer(
    server,
    guest,
    () => server.stop(),
    (room) => room.install(guest, onProgress, { ...(windows && { windows }) }),
    signal,
  )
}

/**
 * Connects to a machine room that runs already.
 * @throws OsrunError SERVER_UNREACHABLE, UNAUTHORIZED, BAD_OPTION
 */
export async function connect({ url, token }: ConnectOptions): Promise<OsrunServer> {
  return openServer(
    { url, token },
    guestFromEnvironment(),
    async () => {},
    async () => {},
  )
}

/** The machine room at that address, made ready by `prepare`; whoever disposes it, `stop`s it. */
export async function openServer(
  { url, token }: Pick<RunningServer, 'url' | 'token'>,
  defaultGuest: string,
  stop: () => Promise<void>,
  prepare: (room: MachineRoom) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<OsrunServer> {
  const opening = MachineRoom.open({ url, token })
  async function close(): Promise<void> {
    const room = await opening.catch(() => undefined)
    await room?.close()
    await stop()
  }
  const giveUp = () => void close()
  signal?.addEventListener('abort', giveUp)
  try {
    signal?.throwIfAborted()
    await prepare(await opening)
  } catch (error) {
    await close()
    throw signal?.aborted
      ? new OsrunError('CANCELED', 'Starting the machine room was canceled.', { cause: signal.reason })
      : error
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
  const room = await opening
  return {
    url,
    token,
    viewerUrl: viewerAddress({ url, token }, '/'),
    acquire({ guest = defaultGuest, snapshot = 'provisioned', label, clock = 'sync', network = 'isolated' } = {}) {
      return room.acquire({ guest, snapshot, label: label ?? `process ${process.pid}`, clock, network })
    },
    [Symbol.asyncDispose]: close,
  }
}

function guestFromEnvironment(): string {
  return optionsFromEnvironment(process.env).guest ?? defaultGuest
}
