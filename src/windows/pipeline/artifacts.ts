import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkJson } from '../../protocol/check-json.ts'

const noteName = 'artifact.json'
const note = v.object({
  step: v.string(),
  key: v.string(),
  /** Bytes of each file, so that one that was cut or removed is seen. */
  files: v.record(v.string(), v.number()),
  result: v.unknown(),
})

/** What a step of the installation left: files in a folder, and what it found out. */
export interface Artifact<Result = unknown> {
  readonly step: string
  /** Hexadecimal; equal inputs give an equal key. */
  readonly key: string
  readonly folder: string
  readonly result: Result
}

/** The key of what a step makes of these inputs, which `JSON.stringify` writes the same way each time. */
export function artifactKey(step: string, inputs: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([step, ...inputs]))
    .digest('hex')
    .slice(0, 16)
}

/** The artifacts of one guest's installation, a folder each. Whoever uses it holds the guest's lock. */
export class Artifacts {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** What was made under this key before, or undefined where it was not, or was damaged since. */
  async find(step: string, key: string): Promise<Artifact | undefined> {
    const folder = this.#folder(step, key)
    const noted = checkJson(note, await readFile(join(folder, noteName), 'utf8').catch(() => ''))
    if (noted === undefined || noted.step !== step || noted.key !== key) {
      return undefined
    }
    for (const [name, bytes] of Object.entries(noted.files)) {
      const found = await stat(join(folder, name)).catch(() => undefined)
      if (found?.size !== bytes) {
        return undefined
      }
    }
    return { step, key, folder, result: noted.result }
  }

  /** A folder to work in: nobody takes it for an artifact, and `collect` removes what a kill leaves of it. */
  async draft(): Promise<string> {
    await mkdir(this.folder, { recursive: true })
    return mkdtemp(join(this.folder, draftPrefix))
  }

  /** Makes a draft the artifact of that key: all of it is on the disk before the name is. */
  async publish(draft: string, step: string, key: string, result: unknown): Promise<Artifact> {
    const files: Record<string, number> = {}
    for (const entry of await readdir(draft, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) {
        const path = join(entry.parentPath, entry.name)
        files[path.slice(draft.length + 1)] = await sync(path)
      }
    }
    const path = join(draft, noteName)
    await writeFile(path, `${JSON.stringify({ step, key, files, result })}\n`)
    await sync(path)
    const folder = this.#folder(step, key)
    // A damaged one may lie there.
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
    return { step, key, folder, result }
  }

  /** Whether any step left something. */
  async isEmpty(): Promise<boolean> {
    return (await readdir(this.folder).catch(() => [])).every((name) => name.startsWith(draftPrefix))
  }

  /** Removes drafts, and what other keys made, but for `kept`. */
  async collect(kept: readonly Artifact[] | 'all'): Promise<void> {
    const names = await readdir(this.folder).catch(() => [])
    const stay = kept === 'all' ? undefined : new Set(kept.map(({ step, key }) => `${step}-${key}`))
    const leave = names.filter((name) => name.startsWith(draftPrefix) || (stay !== undefined && !stay.has(name)))
    await Promise.all(leave.map((name) => rm(join(this.folder, name), { recursive: true, force: true })))
  }

  #folder(step: string, key: string): string {
    return join(this.folder, `${step}-${key}`)
  }
}

const draftPrefix = '.draft-'

/** @returns the file's size, when it is on the disk */
async function sync(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
