import { OsrunError } from '../protocol/errors.ts'
import type { MachinePlace } from './machine.ts'
import type { Qmp } from './qmp.ts'

/**
 * Resolves when QEMU has stopped a guest that nobody asked it to stop: its process goes on, and the guest stands still
 * for good. Rejects when QEMU ends; once `signal` is aborted it stays as it is.
 */
export async function standstill(qmp: Qmp, place: MachinePlace, signal: AbortSignal): Promise<OsrunError> {
  for (;;) {
    const stopped = qmp.next(({ event }) => event === 'STOP', signal)
    stopped.catch(() => {})
    const reason = await reasonOf(qmp, place)
    if (reason !== undefined) {
      return reason
    }
    await stopped
  }
}

/** Undefined where the guest runs, or stands still because it was asked to. */
async function reasonOf(qmp: Qmp, { name, folder }: MachinePlace): Promise<OsrunError | undefined> {
  const { status } = (await qmp.execute('query-status')) as { status: string }
  switch (status) {
    case 'io-error':
      return (await isFull(qmp))
        ? new OsrunError(
            'DISK_FULL',
            `Machine ${name} stands still: the disk of ${folder}, where what its guest writes is kept, is full. Free ` +
              'some room there, or choose another folder with the `cache` option or OSRUN_CACHE; with `tempDrive` the ' +
              'room is that of /dev/shm.',
          )
        : new OsrunError(
            'MACHINE_CRASHED',
            `Machine ${name} stands still: the host could not read or write its disk in ${folder}. Look at the host's ` +
              'own log (`dmesg`) for what is wrong with that disk.',
          )
    case 'internal-error':
      return new OsrunError(
        'MACHINE_CRASHED',
        `Machine ${name} stands still: the accelerator could not execute what the guest did. ` +
          "`accel: 'tcg'` (or OSRUN_ACCEL=tcg) runs guests in software.",
      )
    case 'guest-panicked':
      return new OsrunError('MACHINE_CRASHED', `Machine ${name} stands still: its guest's kernel panicked.`)
    default:
      return undefined
  }
}

async function isFull(qmp: Qmp): Promise<boolean> {
  const devices = (await qmp.execute('query-block')) as { 'io-status'?: string }[]
  return devices.some((device) => device['io-status'] === 'nospace')
}
