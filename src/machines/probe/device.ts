import { constants, open } from 'node:fs/promises'

/**
 * Why KVM's device cannot be used by this process, with the next step to take; `undefined` if it can be opened.
 * Opening is the test: in a container the file's mode may allow what the device rules forbid.
 */
export async function kvmDeviceProblem(path = '/dev/kvm'): Promise<string | undefined> {
  try {
    const device = await open(path, constants.O_RDWR)
    await device.close()
    return undefined
  } catch (error) {
    return explain(path, codeOf(error))
  }
}

function explain(path: string, code: string): string {
  switch (code) {
    case 'ENOENT':
      return (
        `KVM is not there: ${path} does not exist. Switch on virtualisation in the firmware (or nested virtualisation ` +
        `for this virtual machine) and load kvm_intel or kvm_amd; start a container with --device=${path}`
      )
    case 'EACCES':
    case 'EPERM':
      return (
        `KVM is not permitted: ${path} cannot be opened (${code}). Add this user to the group kvm ` +
        `(sudo usermod -aG kvm "$USER", then log in again); start a container with --device=${path} and ` +
        `--group-add "$(stat -c %g ${path})"`
      )
    default:
      return `KVM is not usable: ${path} cannot be opened (${code}). Check that kvm_intel or kvm_amd is loaded (dmesg)`
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
