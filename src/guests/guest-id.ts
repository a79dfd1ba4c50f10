import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { firmwareNames } from '../machines/firmware.ts'
import { tpmName } from '../machines/tpm.ts'
import { sha256OfFile } from '../snapshots/digest.ts'

/** The files of a guest, in its folder. */
export const guestFileNames = {
  ...{ disk: 'disk.qcow2', kernel: 'vmlinuz', initrd: 'initrd.img' },
  ...{ firmware: firmwareNames.code, variables: firmwareNames.variables },
  tpm: tpmName,
} as const

/**
 * A guest's kinds of files, in the order of its id. One that starts from its disk by a BIOS has only the first; by UEFI
 * it brings the firmware that it was installed with, and what that remembers; and where it has a TPM, what is in that.
 */
export const guestFileKinds = ['disk', 'kernel', 'initrd', 'firmware', 'variables', 'tpm'] as const
/** Digests of a guest's files, hexadecimal. */
export type GuestDigests = { readonly disk: string } & Partial<Record<(typeof guestFileKinds)[number], string>>

const idFile = 'guest.json'
const guestJson = v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8,64}$/)) })

/**
 * The id of a guest whose files have these digests, hexadecimal. A snapshot fits the very disk it was taken on, and two
 * builds from one recipe differ: packages are newer, times are others. docker/Dockerfile makes the same id.
 */
export function guestIdOf(digests: GuestDigests): string {
  const there = guestFileKinds.filter((kind) => digests[kind] !== undefined)
  const lines = there.map((kind) => `${digests[kind]}  ${guestFileNames[kind]}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16)
}

/** Reads the guest's files and writes their id beside them. */
export async function writeGuestId(folder: string): Promise<string> {
  const digests: Partial<Record<(typeof guestFileKinds)[number], string>> = {}
  for (const kind of guestFileKinds) {
    const path = join(folder, guestFileNames[kind])
    if (kind === 'disk' || existsSync(path)) {
      digests[kind] = await sha256OfFile(path)
    }
  }
  const id = guestIdOf(digests as GuestDigests)
  await writeFile(join(folder, idFile), `${JSON.stringify({ id })}\n`)
  return id
}

/** The id that stands beside the guest's files. @throws Error where none does */
export async function readGuestId(folder: string): Promise<string> {
  return v.parse(guestJson, JSON.parse(await readFile(join(folder, idFile), 'utf8'))).id
}
