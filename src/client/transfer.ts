import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, realpath, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join, win32 } from 'node:path'
import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import { atMost } from './at-most.ts'
import { receiveFile, sendFile } from './file-transfer.ts'
import { checkPath, listGuestFolder, makeGuestFolder, statGuestFile } from './files.ts'
import { below, checkWindowsNames, hostPath, namesFolder } from './guest-path.ts'
import type { Streams } from './streams.ts'

/** Files of a folder that travel at the same time: enough to hide the way there and back, few enough for any guest. */
const together = 16
const pieceLength = 128 * 1024

/**
 * Copies a file, or a folder with all in it, into the guest. Links are followed.
 * @param to the file's or folder's own path; where it ends with `\`, the folder to put it into
 * @throws OsrunError HOST_FILE_FAILED, BAD_OPTION for names that Windows cannot have, FILE_FAILED, ...
 */
export async function upload(streams: Streams, from: string, to: string): Promise<void> {
  const target = namesFolder(checkPath(to)) ? below(to, basename(from)) : to
  const found = await onHost('read', from, () => stat(from))
  if (!found.isDirectory()) {
    await uploadFile(streams, from, target, found.mtime)
    return
  }
  const { files, folders } = await onHost('read', from, () => walk(from))
  checkWindowsNames([...folders, ...files.map(({ path }) => path)])
  await makeGuestFolder(streams, target)
  // Folders that hold something come about with their files.
  const empty = folders.filter((folder) => !files.some(({ path }) => path.startsWith(`${folder}/`)))
  await atMost(together, empty, (folder) => makeGuestFolder(streams, below(target, folder)))
  await atMost(together, files, ({ path, modified }) =>
    uploadFile(streams, join(from, path), below(target, path), modified),
  )
}

/**
 * Copies a file, or a folder with all in it, out of the guest.
 * @param to the file's or folder's own path; where it ends with `/`, the folder to put it into
 * @throws OsrunError HOST_FILE_FAILED, FILE_NOT_FOUND, FILE_FAILED, ...
 */
export async function download(streams: Streams, from: string, to: string): Promise<void> {
  const target = namesFolder(to) ? join(to, win32.basename(checkPath(from))) : to
  const { type } = await statGuestFile(streams, from)
  if (type !== 'folder') {
    await downloadFile(streams, from, target)
    return
  }
  const entries = await listGuestFolder(streams, from, true)
  await onHost('make', target, () => mkdir(target, { recursive: true }))
  for (const { name } of entries.filter((entry) => entry.type === 'folder')) {
    const folder = join(target, hostPath(name))
    await onHost('make', folder, () => mkdir(folder, { recursive: true }))
  }
  const files = entries.filter((entry) => entry.type !== 'folder')
  await atMost(together, files, ({ name }) => downloadFile(streams, below(from, name), join(target, hostPath(name))))
}

async function uploadFile(streams: Streams, from: string, to: string, modified: Date): Promise<void> {
  await onHost('read', from, () =>
    sendFile(streams, to, createReadStream(from, { highWaterMark: pieceLength }), modified),
  )
}

/** Into a file beside the target that takes its place when all of it has come. */
async function downloadFile(streams: Streams, from: string, to: string): Promise<void> {
  const draft = join(dirname(to), `.osrun-${randomBytes(6).toString('hex')}.tmp`)
  await onHost('write', to, async () => {
    await mkdir(dirname(to), { recursive: true })
    try {
      const file = await open(draft, 'wx')
      let modified: Date
      try {
        ;({ modified } = await receiveFile(streams, from, async (piece) => {
          await file.writeFile(piece)
        }))
      } finally {
        await file.close()
      }
      await utimes(draft, new Date(), modified)
      await rename(draft, to)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  })
}

interface Walked {
  /** Relative, with `/` between names. */
  readonly files: { readonly path: string; readonly modified: Date }[]
  readonly folders: string[]
}

/** All that lies in a folder of this computer. @throws OsrunError HOST_FILE_FAILED for what is no file or folder */
export async function walk(root: string): Promise<Walked> {
  const found: Walked = { files: [], folders: [] }
  async function enter(path: string, above: readonly string[]): Promise<void> {
    const real = await realpath(join(root, path))
    if (above.includes(real)) {
      throw new OsrunError('HOST_FILE_FAILED', `The link ${join(root, path)} leads to a folder that it lies in`)
    }
    for (const name of await readdir(join(root, path))) {
      const child = path === '' ? name : `${path}/${name}`
      const about = await stat(join(root, child))
      if (about.isDirectory()) {
        found.folders.push(child)
        await enter(child, [...above, real])
      } else if (about.isFile()) {
        found.files.push({ path: child, modified: about.mtime })
      } else {
        throw new OsrunError('HOST_FILE_FAILED', `${join(root, child)} is neither a file nor a folder`)
      }
    }
  }
  await enter('', [])
  return found
}

/** Errors of this computer's file system, as ours. */
async function onHost<T>(what: 'read' | 'write' | 'make', path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isOsrunError(cause)) {
      throw cause
    }
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OsrunError('HOST_FILE_FAILED', `Could not ${what} ${path} on this computer: ${why}`, { cause })
  }
}
