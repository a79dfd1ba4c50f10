import { WebSocket } from 'ws'
import { OsrunError } from '../protocol/errors.ts'
import { socketPath } from '../protocol/messages.ts'

/** Where a machine room answers, and what opens it. */
export interface ServerAddress {
  /** Websocket address without path, e.g. `ws://127.0.0.1:41234`. */
  readonly url: string
  readonly token: string
  readonly signal?: AbortSignal | undefined
}

const handshakeTimeout = 30_000
// A screenshot is the largest thing a server says; no server can make a client hold more than this at once.
const maxMessage = 64 * 1024 * 1024

/**
 * What `adopt` makes of the open websocket; it is called while the socket opens, so that no event is missed.
 * @throws OsrunError BAD_OPTION, SERVER_UNREACHABLE, UNAUTHORIZED, CANCELED
 */
export async function openSocket<T>(address: ServerAddress, adopt: (socket: WebSocket) => T): Promise<T> {
  const { url, signal } = address
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const socket = createSocket(address)
  const giveUp = (error: OsrunError) => {
    reject(error)
    socket.terminate()
  }
  const onAbort = () =>
    giveUp(
      new OsrunError('CANCELED', `Connecting to the machine room at ${url} was canceled`, { cause: signal?.reason }),
    )
  socket.on('error', (cause) => giveUp(unreachable(url, cause.message, cause)))
  socket.on('unexpected-response', (_, answer) => giveUp(refused(url, answer.statusCode)))
  socket.on('open', () => {
    socket.removeAllListeners()
    resolve(adopt(socket))
  })
  if (signal?.aborted) {
    onAbort()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => signal?.removeEventListener('abort', onAbort))
}

function createSocket({ url, token }: ServerAddress): WebSocket {
  try {
    return new WebSocket(`${url.replace(/\/+$/, '')}${socketPath}`, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout,
      maxPayload: maxMessage,
      perMessageDeflate: false,
    })
  } catch (cause) {
    throw new OsrunError('BAD_OPTION', `Expected the machine room's url to be like ws://127.0.0.1:8000, got ${url}`, {
      cause,
    })
  }
}

function refused(url: string, status: number | undefined): OsrunError {
  if (status === 401) {
    return new OsrunError('UNAUTHORIZED', `The machine room at ${url} refused the token; check OSRUN_TOKEN`)
  }
  return unreachable(url, `it answered HTTP status ${status}, so this is perhaps not a machine room`)
}

function unreachable(url: string, why: string, cause?: unknown): OsrunError {
  return new OsrunError(
    'SERVER_UNREACHABLE',
    `No machine room answers at ${url}: ${why}. Start one with \`osrun serve\`, or let the tests start their own`,
    cause === undefined ? undefined : { cause },
  )
}
