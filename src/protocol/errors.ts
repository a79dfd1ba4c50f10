/**
 * Every failure of osrun that is not a command's own failure has one of these codes. The list is closed: a code is
 * never renamed, and a new one comes with its line in `docs/troubleshooting.md`.
 */
export const errorCodes = {
  // What the user asked for cannot be done as asked.
  BAD_OPTION: 'user', // an option, argument or environment variable has the wrong shape
  BAD_NAME: 'user', // a snapshot or guest name does not match ^[a-z0-9][a-z0-9._-]{0,63}$
  UNKNOWN_GUEST: 'user', // no guest of that name is defined
  GUEST_NOT_INSTALLED: 'user', // the guest is real Windows, which `osrun install` has not installed yet
  SNAPSHOT_NOT_FOUND: 'user', // the store has no such snapshot for this guest and machine key
  SNAPSHOT_EXISTS: 'user', // the name is taken and `replace` was not given
  RECIPE_FAILED: 'user', // the setup of a recipe (option `snapshots`) cannot be loaded, failed, or took too long
  COMMAND_NOT_FOUND: 'user', // the guest has no program of that name, or no such working folder
  FILE_NOT_FOUND: 'user', // the guest has no such file or folder
  FILE_FAILED: 'user', // the guest's system refused to read, write, list, make or remove a file or folder
  HOST_FILE_FAILED: 'user', // a file of the computer that runs the tests could not be read or written
  NOT_IN_ENVIRONMENT: 'user', // `win` was used in a test file that does not run in the osrun environment
  MEDIUM_UNUSABLE: 'user', // what was given as Windows medium is something else, is cut, or lacks what it must have
  DIALOG_OPEN: 'user', // a dialog that nobody answers holds the command up, which was ended for it
  PROJECT_UNFIT: 'user', // the project's suite cannot run in the guest as it is (`osrun test`)
  UNSUPPORTED_BY_GUEST: 'user', // the guest has no such program or feature (PowerShell in `wine`)

  // The host lacks something; the message says what to install or free.
  RUNTIME_UNAVAILABLE: 'host', // neither a Docker Engine nor QEMU on the host
  DOCKER_UNAVAILABLE: 'host', // runtime 'docker' was asked for and no engine answers
  DOCKER_BUILD_FAILED: 'host', // the image could not be built
  QEMU_UNUSABLE: 'host', // QEMU is missing or too old
  HOST_INCOMPLETE: 'host', // another program or firmware that a guest needs is missing
  ACCELERATOR_UNUSABLE: 'host', // the accelerator that was asked for does not work here
  SNAPSHOT_UNUSABLE: 'host', // the snapshot was made with a QEMU, accelerator, CPU or guest that this host does not have
  DISK_FULL: 'host', // the store's or the overlay's disk has too little room

  // Something broke on the way.
  MEDIUM_UNAVAILABLE: 'system', // no source has the Windows medium, or all of them failed; the message lists each
  MEDIUM_DAMAGED: 'system', // a downloaded or given Windows medium has another digest than it should
  DOWNLOAD_FAILED: 'system', // a file could not be downloaded: no answer, a refusal, another size, a stall
  GUEST_BUILD_FAILED: 'system', // the recipe of a guest failed
  INSTALL_FAILED: 'system', // the installing Windows stopped at a step, or said nothing for too long
  MEDIA_BUILD_FAILED: 'system', // a program that makes install media of a Windows medium failed
  GUEST_NOT_READY: 'system', // the guest did not reach its desktop and agent in time
  RESTORE_FAILED: 'system', // QEMU refused the snapshot
  SNAPSHOT_FAILED: 'system', // a snapshot could not be taken or published
  SNAPSHOT_DAMAGED: 'system', // a file of the snapshot, or of its archive, is missing, cut or has other bytes
  MACHINE_CRASHED: 'system', // QEMU ended while the machine was in use
  MACHINE_UNRESPONSIVE: 'system', // the machine or its agent stopped answering
  OUTCOME_UNKNOWN: 'system', // the command may have run: the link was lost before its exit was known
  QMP_FAILED: 'system', // QEMU's monitor refused a command or did not answer
  AGENT_PROTOCOL: 'system', // the agent said something that the protocol forbids
  FILE_DAMAGED: 'system', // a file's size or digest after its transfer is not what it was before
  SPAWN_FAILED: 'system', // the guest could not start the program for a reason other than not finding it
  RUNNER_FAILED: 'system', // what runs a suite in the guest (`osrun test`) failed or was lost
  SERVER_UNREACHABLE: 'system', // the machine room does not answer
  SERVER_START_FAILED: 'system', // the machine room did not come up
  CONNECTION_LOST: 'system', // the connection to the machine room ended
  UNAUTHORIZED: 'system', // the token is wrong
  SERVER_PROTOCOL: 'system', // one side of the connection said something that the protocol forbids
  CANCELED: 'system', // the caller's signal ended the wait
  TIMED_OUT: 'system', // a wait that has no code of its own reached its deadline
  INTERNAL: 'system', // a bug in osrun
} as const

export type OsrunErrorCode = keyof typeof errorCodes

const brand = Symbol.for('osrun.error.v1')

/**
 * A failure of osrun itself. `message` says what was expected, what came and the next step to take; `code` is one of a
 * closed list; `cause` keeps the original error.
 */
export class OsrunError extends Error {
  override readonly name = 'OsrunError'
  readonly code: OsrunErrorCode

  constructor(code: OsrunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whose matter it is: the user's call, the host's equipment, or a failure of the system. */
  get blame(): 'user' | 'host' | 'system' {
    return errorCodes[this.code]
  }
}

/** True for an `OsrunError` of any copy of this package: test runners load modules more than once. */
export function isOsrunError(value: unknown): value is OsrunError {
  return typeof value === 'object' && value !== null && brand in value
}

/** The same failure as an `OsrunError`: itself if it is one, otherwise wrapped under `code`. */
export function toOsrunError(value: unknown, code: OsrunErrorCode = 'INTERNAL'): OsrunError {
  if (isOsrunError(value)) {
    return value
  }
  return new OsrunError(code, value instanceof Error ? value.message : String(value), { cause: value })
}
