import type { Parameters, Progress } from '../protocol/messages.ts'
import { Connection } from './connection.ts'
import { createWin, type WinHooks } from './create-win.ts'
import type { ServerAddress } from './socket.ts'
import type { Win } from './win.ts'

/** What a machine is asked for. */
export type LeaseRequest = Parameters<'acquire'>

export interface LeaseOptions extends WinHooks {
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * A machine of its own, on a connection of its own: the end of either is the end of both.
 * @throws OsrunError SNAPSHOT_NOT_FOUND, UNKNOWN_GUEST, SERVER_UNREACHABLE, UNAUTHORIZED, CANCELED, RESTORE_FAILED, ...
 */
export async function acquireWin(
  address: ServerAddress,
  request: LeaseRequest,
  options: LeaseOptions = {},
): Promise<Win> {
  const connection = await Connection.open(address)
  const { onProgress } = options
  const stop = onProgress && connection.listen({ progress: onProgress })
  try {
    const lease = await connection.request('acquire', request, { signal: address.signal })
    return createWin(connection, lease, options)
  } catch (error) {
    await connection.close()
    throw error
  } finally {
    stop?.()
  }
}
