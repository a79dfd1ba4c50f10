import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './guest/project-files.ts'
import type { RunnerLink } from './link.ts'
import type { Manifest } from './travelling-files.ts'

/** What has travelled. */
export interface Sent {
  readonly written: readonly string[]
  readonly removed: readonly string[]
  /** Digests of what the guest has now. */
  readonly digests: ReadonlyMap<string, string>
}

/** Sends the files that the guest does not have as they are, and removes what is no longer there. */
export async function sendFiles(link: RunnerLink, root: string, { files }: Manifest): Promise<Sent> {
  const known = new Map(Object.entries(await link.known()))
  const digests = new Map<string, string>()
  const written: string[] = []
  for (const { path, digest } of files) {
    digests.set(path, digest)
    if (known.get(path) !== digest) {
      const bytes = await readFile(join(root, path))
      // What is sent counts, should it have changed since the manifest was read.
      const now = digestOf(bytes)
      digests.set(path, now)
      await link.say({ type: 'write', path, digest: now }, bytes)
      written.push(path)
    }
  }
  const removed = [...known.keys()].filter((path) => !digests.has(path))
  for (const path of removed) {
    await link.say({ type: 'remove', path })
  }
  return { written, removed, digests }
}
