import { toOsrunError } from '../protocol/errors.ts'
import type { Parameters, Progress } from '../protocol/messages.ts'
import { Connection } from './connection.ts'
import { createWin, type WinHooks } from './create-win.ts'
import { SnapshotNames } from './snapshot-names.ts'
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
  const { onProgress, names = new SnapshotNames() } = options
  const stop = onProgress && connection.listen({ progress: onProgress })
  try {
    const snapshot = names.toStored(request.snapshot)
    const lease = await connection.request('acquire', { ...request, snapshot }, { signal: address.signal })
    return createWin(connection, lease, options)
  } catch (error) {
    await connection.close()
    throw names.tell(toOsrunError(error))
  } finally {
    stop?.()
  }
}
