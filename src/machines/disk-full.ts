import { OsrunError } from '../protocol/errors.ts'

/** An ENOSPC from deep within as DISK_FULL; anything else as it is. */
export function asDiskFull(error: unknown, folder: string): unknown {
  const isFull =
    error instanceof Error && (('code' in error && error.code === 'ENOSPC') || /No space left/.test(error.message))
  return isFull
    ? new OsrunError('DISK_FULL', `The disk of ${folder} became full. Free some room there.`, { cause: error })
    : error
}
