import { setTimeout as delay } from 'node:timers/promises'
import { OsrunError } from '../protocol/errors.ts'
import type { Qmp } from './qmp.ts'

/**
 * Loads the device state of a snapshot into a QEMU that was started to wait for one. The machine stays paused.
 * @throws OsrunError RESTORE_FAILED with QEMU's own words
 */
export async function loadDeviceState(qmp: Qmp, file: string): Promise<void> {
  await setCapabilities(qmp, ['x-ignore-shared'])
  await migrate(qmp, 'RESTORE_FAILED', () =>
    qmp.execute('migrate-incoming', { channels: fileChannel(file), 'exit-on-error': false }),
  )
}

/**
 * Writes the device state of a stopped machine whose RAM file is mapped shared, so that RAM need not be written.
 * @throws OsrunError SNAPSHOT_FAILED with QEMU's own words
 */
export async function saveDeviceState(qmp: Qmp, file: string): Promise<void> {
  await setCapabilities(qmp, ['x-ignore-shared'])
  await saveTo(qmp, file)
}

const channels = 2

/**
 * Writes RAM and device state of a stopped machine into one file, RAM at fixed offsets and in parallel.
 * @throws OsrunError SNAPSHOT_FAILED with QEMU's own words, also where `signal` has ended it
 */
export async function saveWhole(qmp: Qmp, file: string, signal?: AbortSignal): Promise<void> {
  await setCapabilities(qmp, ['mapped-ram', 'multifd'])
  await qmp.execute('migrate-set-parameters', { 'multifd-channels': channels })
  const cancel = () => void qmp.execute('migrate_cancel').catch(() => {})
  signal?.addEventListener('abort', cancel)
  try {
    await saveTo(qmp, file)
  } finally {
    signal?.removeEventListener('abort', cancel)
    await setCapabilities(qmp, [])
  }
}

/** Loads what `saveWhole` wrote. */
export async function loadWhole(qmp: Qmp, file: string): Promise<void> {
  await setCapabilities(qmp, ['mapped-ram', 'multifd'])
  await qmp.execute('migrate-set-parameters', { 'multifd-channels': channels })
  await migrate(qmp, 'SNAPSHOT_FAILED', () =>
    qmp.execute('migrate-incoming', { channels: fileChannel(file), 'exit-on-error': false }),
  )
  await setCapabilities(qmp, [], writeBackDeadline)
}

/** QEMU says that it has loaded, then writes all the memory it maps to the disk before it answers again. */
const writeBackDeadline = 900_000

async function saveTo(qmp: Qmp, file: string): Promise<void> {
  await migrate(qmp, 'SNAPSHOT_FAILED', async () => {
    // The default limits the rate to that of a network of 1 Gbit/s.
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0 })
    await qmp.execute('migrate', { channels: fileChannel(file) })
  })
  await finalized(qmp)
}

/** QEMU reports the end of a migration a moment before it lets the machine go on, and has no event for that. */
async function finalized(qmp: Qmp): Promise<void> {
  const signal = AbortSignal.timeout(30_000)
  for (;;) {
    const { status } = (await qmp.execute('query-status')) as { status: string }
    if (status !== 'finish-migrate') {
      return
    }
    await delay(5, undefined, { signal })
  }
}

const ourCapabilities = ['events', 'x-ignore-shared', 'mapped-ram', 'multifd'] as const
type Capability = (typeof ourCapabilities)[number]

async function setCapabilities(qmp: Qmp, on: readonly Capability[], deadline?: number): Promise<void> {
  const capabilities = ourCapabilities.map((capability) => ({
    capability,
    state: capability === 'events' || on.includes(capability),
  }))
  await qmp.execute('migrate-set-capabilities', { capabilities }, deadline)
}

// A `channels` argument and no URI: a URI with ",offset=" in its path is read as an offset.
function fileChannel(filename: string): object[] {
  return [{ 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } }]
}

async function migrate(
  qmp: Qmp,
  code: 'RESTORE_FAILED' | 'SNAPSHOT_FAILED',
  begin: () => Promise<unknown>,
): Promise<void> {
  const over = new AbortController()
  const ended = qmp.next(({ event, data }) => event === 'MIGRATION' && isFinal(data['status']), over.signal)
  ended.catch(() => {})
  try {
    await begin()
    const { data } = await ended
    if (data['status'] !== 'completed') {
      const answer = (await qmp.execute('query-migrate')) as { 'error-desc'?: string }
      throw new OsrunError(
        code,
        `QEMU ended the transfer as "${data['status']}": ${answer['error-desc'] ?? 'no reason'}`,
      )
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw error instanceof OsrunError && error.code === code ? error : new OsrunError(code, why, { cause: error })
  } finally {
    over.abort()
  }
}

function isFinal(status: unknown): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
