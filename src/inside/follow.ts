import { type FSWatcher, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RunnerLink } from './link.ts'
import { sendFiles } from './send-files.ts'
import { readManifest } from './travelling-files.ts'

/** A project whose edits go on into the guest. */
export interface Followed {
  readonly root: string
  readonly include: readonly string[]
  /** Digests of what the guest has; brought up to date. */
  readonly known: Map<string, string>
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  say(line: string): void
}

/** An editor that saves writes more than once. */
const settled = 80

/**
 * While Vitest watches in the guest: sends what is edited on this computer, and the keys that are pressed.
 * @returns what ends it; safe to call twice
 */
export async function follow(link: Pick<RunnerLink, 'say'>, followed: Followed): Promise<() => Promise<void>> {
  const giveBack = passKeys(link, followed)
  const folders = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()
  let over = false

  const look = (paths: Iterable<string>) => {
    for (const folder of new Set(['', ...[...paths].flatMap(foldersOf)])) {
      if (!folders.has(folder) && !over) {
        watchFolder(folder)
      }
    }
  }
  const watchFolder = (folder: string) => {
    try {
      const watcher = watch(join(followed.root, folder), () => {
        clearTimeout(timer)
        timer = setTimeout(() => {
          sending = sending.then(send)
        }, settled)
      })
      const forget = () => {
        watcher.close()
        folders.delete(folder)
      }
      watcher.on('error', forget)
      folders.set(folder, watcher)
    } catch {
      // Removed meanwhile; the folder above it says so.
    }
  }
  const send = async () => {
    if (over) {
      return
    }
    try {
      const manifest = await readManifest(followed.root, followed.include)
      await sendFiles(link, followed.root, manifest, followed.known)
      look(followed.known.keys())
    } catch (error) {
      followed.say(`what was edited did not go into the guest: ${error instanceof Error ? error.message : error}`)
    }
  }

  look(followed.known.keys())
  return async () => {
    over = true
    clearTimeout(timer)
    giveBack()
    for (const watcher of folders.values()) {
      watcher.close()
    }
    await sending
  }
}

/** The folders that a file lies in, from the project's own on. */
function foldersOf(path: string): string[] {
  const folders: string[] = []
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    folders.push(folder)
  }
  return folders
}

function passKeys(link: Pick<RunnerLink, 'say'>, { stdin }: Followed): () => void {
  if (!stdin.isTTY) {
    return () => {}
  }
  const pass = (keys: Uint8Array | string) => void link.say({ type: 'keys' }, Buffer.from(keys)).catch(() => {})
  stdin.setRawMode?.(true)
  stdin.on('data', pass)
  stdin.resume()
  return () => {
    stdin.off('data', pass)
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}
