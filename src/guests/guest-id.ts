import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { sha256OfFile } from '../snapshots/digest.ts'

/** The files of a guest, in its folder. */
export const guestFileNames = { disk: 'disk.qcow2', kernel: 'vmlinuz', initrd: 'initrd.img' } as const

const idFile = 'guest.json'
const guestJson = v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8,64}$/)) })

/**
 * The id of a guest whose files have these digests, hexadecimal. A snapshot fits the very disk it was taken on, and two
 * builds from one recipe differ: packages are newer, times are others. docker/Dockerfile makes the same id.
 */
export function guestIdOf(digests: {
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
}): string {
  const { disk, kernel, initrd } = guestFileNames
  const lines = [`${digests.disk}  ${disk}`, `${digests.kernel}  ${kernel}`, `${digests.initrd}  ${initrd}`]
  return createHash('sha256')
    .update(`${lines.join('\n')}\n`)
    .digest('hex')
    .slice(0, 16)
}

/** Reads the guest's files and writes their id beside them. */
export async function writeGuestId(folder: string): Promise<string> {
  const [disk, kernel, initrd] = await Promise.all([
    sha256OfFile(join(folder, guestFileNames.disk)),
    sha256OfFile(join(folder, guestFileNames.kernel)),
    sha256OfFile(join(folder, guestFileNames.initrd)),
  ])
  const id = guestIdOf({ disk, kernel, initrd })
  await writeFile(join(folder, idFile), `${JSON.stringify({ id })}\n`)
  return id
}

/** The id that stands beside the guest's files. @throws Error where none does */
export async function readGuestId(folder: string): Promise<string> {
  return v.parse(guestJson, JSON.parse(await readFile(join(folder, idFile), 'utf8'))).id
}
