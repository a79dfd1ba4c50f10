import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './guest/project-files.ts'
import type { RunnerLink } from './link.ts'
import type { Manifest } from './travelling-files.ts'

/** What has travelled. */
export interface Sent {
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

/**
 * Sends the files that the guest does not have as they are, and removes what is no longer there.
 * @param known digests of what the guest has, by path; brought up to date
 */
export async function sendFiles(
  link: Pick<RunnerLink, 'say'>,
  root: string,
  { files }: Pick<Manifest, 'files'>,
  known: Map<string, string>,
): Promise<Sent> {
  const written: string[] = []
  for (const { path, digest } of files) {
    if (known.get(path) !== digest) {
      const bytes = await readFile(join(root, path))
      // What is sent counts, should it have changed since the manifest was read.
      const now = digestOf(bytes)
      await link.say({ type: 'write', path, digest: now }, bytes)
      known.set(path, now)
      written.push(path)
    }
  }
  const there = new Set(files.map(({ path }) => path))
  const removed = [...known.keys()].filter((path) => !there.has(path))
  for (const path of removed) {
    await link.say({ type: 'remove', path })
    known.delete(path)
  }
  return { written, removed }
}
