import { type FSWatcher, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RunnerLink } from './link.ts'
import { sendFiles } from './send-files.ts'
import { readManifest } from './travelling-files.ts'
import { sentWords } from './words.ts'

/** A project whose edits go on into the guest. */
export interface Followed {
  readonly root: string
  readonly include: readonly string[]
  /** Digests of what the guest has; brought up to date. */
  readonly known: Map<string, string>
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  /** What decides about the dependencies, of a project with these files: the same for the same ones. */
  dependencies(paths: readonly string[]): Promise<string>
  /** Brings what a run has written to this computer. */
  bringBack(): Promise<void>
  /** Called where a person wants the end, whatever Vitest does. */
  interrupt(): void
  say(line: string): void
}

/** What goes on beside a suite that is watched. */
export interface Following {
  /** A run in the guest has ended. */
  rested(): void
  /** Safe to call twice. */
  stop(): Promise<void>
}

/** Milliseconds: an editor that saves writes more than once. */
const settled = 80
const controlC = 3

/**
 * While Vitest watches in the guest: sends what is edited on this computer, and the keys that are pressed, and brings
 * back what each run writes.
 */
export async function follow(
  link: Pick<RunnerLink, 'say' | 'edited' | 'sent'>,
  followed: Followed,
): Promise<Following> {
  const { root, known, say } = followed
  let dependencies = await followed.dependencies([...known.keys()])
  const giveBack = passKeys(link, followed)
  const folders = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  // One after the other: all of it is about what this computer and the guest have in common.
  let last: Promise<void> = Promise.resolve()
  let refused = false
  let over = false

  const next = (what: string, work: () => Promise<void>) => {
    last = last.then(async () => {
      try {
        await (over ? undefined : work())
      } catch (error) {
        if (!over) {
          say(`${what}: ${error instanceof Error ? error.message : error}`)
        }
      }
    })
  }
  const look = (paths: Iterable<string>) => {
    for (const folder of new Set(['', ...[...paths].flatMap(foldersOf)])) {
      if (!folders.has(folder) && !over) {
        watchFolder(folder)
      }
    }
  }
  const watchFolder = (folder: string) => {
    try {
      const watcher = watch(join(root, folder), () => {
        clearTimeout(timer)
        timer = setTimeout(() => next('what was edited did not go into the guest', send), settled)
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
    const { files } = await readManifest(root, followed.include)
    const before = link.sent
    const sent = await sendFiles(link, root, { files }, known)
    if (sent.written.length + sent.removed.length === 0) {
      return
    }
    const problems = await link.edited()
    say(sentWords(sent, link.sent - before))
    refused = problems.length > 0
    for (const { path, message } of problems) {
      // Neither what it was nor what it is here.
      known.set(path, '')
      say(`${path} could not be written in the guest, and will be when the tests have ended: ${message}`)
    }
    look(known.keys())
    const paths = files.map(({ path }) => path)
    const now = await followed.dependencies(paths)
    if (now !== dependencies) {
      dependencies = now
      say('the dependencies have changed: end this run and start it again, and they are installed for Windows')
    }
  }

  look(known.keys())
  return {
    rested() {
      next('what the suite wrote did not come back', followed.bringBack)
      if (refused) {
        next('what was edited did not go into the guest', send)
      }
    },
    async stop() {
      over = true
      clearTimeout(timer)
      giveBack()
      for (const watcher of folders.values()) {
        watcher.close()
      }
      await last
    },
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

function passKeys(link: Pick<RunnerLink, 'say'>, { stdin, interrupt }: Followed): () => void {
  if (!stdin.isTTY) {
    return () => {}
  }
  const pass = (given: Uint8Array | string) => {
    const keys = Buffer.from(given)
    // Ctrl-C is ours: in the guest there may be nobody left to hear it.
    if (keys.includes(controlC)) {
      interrupt()
    } else {
      link.say({ type: 'keys' }, keys).catch(() => {})
    }
  }
  stdin.setRawMode?.(true)
  stdin.on('data', pass)
  stdin.resume()
  return () => {
    stdin.off('data', pass)
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}
