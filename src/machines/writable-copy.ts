import { constants } from 'node:fs'
import { chmod, copyFile } from 'node:fs/promises'

/** A copy for a machine to write to, also of what nobody may write; where the file system can, it shares the blocks. */
export async function writableCopy(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, 0o600)
}
