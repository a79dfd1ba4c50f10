import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { walk } from '../../src/client/transfer.ts'

/** A hash of what a file or folder holds: names and bytes, not times or owners. Links are followed, as in an upload. */
export async function digestOf(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) {
    return digestFile(path)
  }
  const { files, folders } = await walk(path)
  const hash = createHash('sha256')
  for (const folder of [...folders].sort()) {
    hash.update(`${JSON.stringify(folder)}\n`)
  }
  for (const name of files.map((file) => file.path).sort()) {
    hash.update(`${JSON.stringify(name)} ${await digestFile(join(path, name))}\n`)
  }
  return `folder ${hash.digest('hex')}`
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) {
    hash.update(piece)
  }
  return hash.digest('hex')
}
