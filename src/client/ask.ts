import { toOsrunError } from '../protocol/errors.ts'
import type { Method, Parameters, Result } from '../protocol/messages.ts'
import { type CallSite, failureAt } from './call-site.ts'
import type { Connection } from './connection.ts'
import type { SnapshotNames } from './snapshot-names.ts'

/** Asks the machine room; a failure is thrown at the call. */
export type Ask = <M extends Method>(method: M, params: Parameters<M>, site: CallSite) => Promise<Result<M>>

export function askOn(connection: Connection, names: SnapshotNames): Ask {
  return async (method, params, site) => {
    try {
      return await connection.request(method, params)
    } catch (error) {
      throw failureAt(site, names.tell(toOsrunError(error)))
    }
  }
}
