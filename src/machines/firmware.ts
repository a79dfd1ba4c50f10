import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { Firmware } from './shape.ts'
import { writableCopy } from './writable-copy.ts'

const pair = (folder: string, code: string, variables: string): Firmware => ({
  code: join(folder, code),
  variables: join(folder, variables),
})

/** Where systems have OVMF, the UEFI firmware for QEMU: the build without secure boot, which needs nothing else. */
export const firmwarePlaces: readonly Firmware[] = [
  pair('/usr/share/OVMF', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'),
  pair('/usr/share/edk2/ovmf', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2/x64', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd'),
  pair('/opt/homebrew/share/qemu', 'edk2-x86_64-code.fd', 'edk2-i386-vars.fd'),
  pair('/usr/local/share/qemu', 'edk2-x86_64-code.fd', 'edk2-i386-vars.fd'),
]

/** The UEFI firmware of this host, whose variables are those of a new machine. @throws OsrunError HOST_INCOMPLETE */
export function findFirmware(places: readonly Firmware[] = firmwarePlaces): Firmware {
  const found = places.find(({ code, variables }) => existsSync(code) && existsSync(variables))
  if (found === undefined) {
    const looked = places.map(({ code }) => code).join(', ')
    throw new OsrunError(
      'HOST_INCOMPLETE',
      `Expected the UEFI firmware OVMF (${looked}), with its variables beside it, and found none. ` +
        "`osrun doctor --install` installs it (Debian's package ovmf); a BIOS needs no such thing.",
    )
  }
  return found
}

/** The name of a firmware's files where they belong to a guest. */
export const firmwareNames = { code: 'firmware.fd', variables: 'variables.fd' } as const

/** Where a machine has its own variables. */
export function variablesIn(folder: string): string {
  return join(folder, firmwareNames.variables)
}

/** Copies the variables that a machine starts from into its folder, where only it writes to them. */
export async function writableVariables(firmware: Firmware | undefined, folder: string): Promise<void> {
  if (firmware !== undefined) {
    await writableCopy(firmware.variables, variablesIn(folder))
  }
}
