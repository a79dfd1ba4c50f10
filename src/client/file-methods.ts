import { atSite, callSite } from './call-site.ts'
import {
  type DirEntry,
  type FileStat,
  guestFileExists,
  listGuestFolder,
  makeGuestFolder,
  readGuestFile,
  removeGuestFile,
  statGuestFile,
  writeGuestFile,
} from './files.ts'
import type { Streams } from './streams.ts'
import { download as downloadFrom, upload as uploadTo } from './transfer.ts'

/**
 * The files of the guest. Paths are Windows paths; a relative one starts at the guest user's own folder, as commands do.
 * All reject with an OsrunError: FILE_NOT_FOUND, FILE_FAILED, FILE_DAMAGED, BAD_OPTION, ...
 */
export interface GuestFiles {
  /** A file's bytes, or its text with `utf8`. Lines end as they do in the file. */
  readFile(path: string): Promise<Uint8Array>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  /** Writes a whole file, or replaces it; text as UTF-8. Folders above it that are missing are made. */
  writeFile(path: string, data: string | Uint8Array): Promise<void>
  /**
   * Copies a file, or a folder with all in it, from this computer into the guest. Links are followed; files keep the
   * time of their last change. Where `guestPath` ends with `\`, it is the folder to put it into.
   * @throws OsrunError HOST_FILE_FAILED, BAD_OPTION for names that Windows cannot have
   */
  upload(hostPath: string, guestPath: string): Promise<void>
  /** The same out of the guest. Where `hostPath` ends with `/`, it is the folder to put it into. */
  download(guestPath: string, hostPath: string): Promise<void>
  /** What a folder holds, by name. */
  readdir(path: string): Promise<DirEntry[]>
  stat(path: string): Promise<FileStat>
  /** Whether there is a file or folder. */
  exists(path: string): Promise<boolean>
  /** Makes a folder and those above it; one that is there already is no error. */
  mkdir(path: string): Promise<void>
  /** Removes a file, or a folder with all in it, also where it is read-only. @throws OsrunError FILE_NOT_FOUND */
  remove(path: string): Promise<void>
}

/** @param beforeUpload called with the path of what is going to be uploaded */
export function fileMethods(streams: Streams, beforeUpload?: (hostPath: string) => Promise<void>): GuestFiles {
  function readFile(path: string): Promise<Uint8Array>
  function readFile(path: string, encoding: 'utf8'): Promise<string>
  function readFile(path: string, encoding?: 'utf8'): Promise<Uint8Array | string> {
    return atSite(callSite(readFile), async () => {
      const bytes = await readGuestFile(streams, path)
      return encoding === undefined ? bytes : new TextDecoder().decode(bytes)
    })
  }

  function writeFile(path: string, data: string | Uint8Array): Promise<void> {
    return atSite(callSite(writeFile), () => writeGuestFile(streams, path, data))
  }

  function upload(hostPath: string, guestPath: string): Promise<void> {
    return atSite(callSite(upload), async () => {
      await beforeUpload?.(hostPath)
      await uploadTo(streams, hostPath, guestPath)
    })
  }

  function download(guestPath: string, hostPath: string): Promise<void> {
    return atSite(callSite(download), () => downloadFrom(streams, guestPath, hostPath))
  }

  function readdir(path: string): Promise<DirEntry[]> {
    return atSite(callSite(readdir), () => listGuestFolder(streams, path, false))
  }

  function stat(path: string): Promise<FileStat> {
    return atSite(callSite(stat), () => statGuestFile(streams, path))
  }

  function exists(path: string): Promise<boolean> {
    return atSite(callSite(exists), () => guestFileExists(streams, path))
  }

  function mkdir(path: string): Promise<void> {
    return atSite(callSite(mkdir), () => makeGuestFolder(streams, path))
  }

  function remove(path: string): Promise<void> {
    return atSite(callSite(remove), () => removeGuestFile(streams, path))
  }

  return { readFile, writeFile, upload, download, readdir, stat, exists, mkdir, remove }
}
