import { toOsrunError } from '../protocol/errors.ts'
import type { Parameters, Progress } from '../protocol/messages.ts'
import { Connection } from './connection.ts'
import { createWin, type WinHooks } from './create-win.ts'
import { cutLabel } from './label.ts'
import { SnapshotNames } from './snapshot-names.ts'
import type { ServerAddress } from './socket.ts'
import type { Win } from './win.ts'

/** What a machine is asked for. */
export type LeaseRequest = Parameters<'acquire'>

export interface LeaseOptions extends WinHooks {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Whom the machine is for, where that is known later than the machine is asked for. */
  readonly laterLabel?: Promise<string>
  /** Hears of the connection that the machine is on. */
  readonly onConnection?: (connection: Connection) => void
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
  const { onProgress, names = new SnapshotNames(), laterLabel } = options
  const stop = onProgress && connection.listen({ progress: onProgress })
  try {
    const snapshot = names.toStored(request.snapshot)
    const wish = { ...request, snapshot, label: cutLabel(request.label) }
    const lease = await connection.request('acquire', wish, { signal: address.signal })
    // Only whoever watches wants to know.
    laterLabel?.then((label) => connection.request('label', { label: cutLabel(label) })).catch(() => {})
    options.onConnection?.(connection)
    return createWin(connection, lease, options)
  } catch (error) {
    await connection.close()
    throw names.tell(toOsrunError(error))
  } finally {
    stop?.()
  }
}
