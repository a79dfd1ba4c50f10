import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { checkJson } from '../../protocol/check-json.ts'
import type { Medium } from '../medium.ts'
import { recognise } from './recognise.ts'

const provenance = v.object({
  source: v.picklist(['own', 'catalogue', 'pinned', 'uup-dump']),
  from: v.string(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  bytes: v.number(),
})
const medium = v.variant('kind', [
  v.object({ kind: v.literal('uup'), folder: v.string(), provenance }),
  v.object({ kind: v.picklist(['iso', 'esd', 'wim']), file: v.string(), provenance }),
])

/**
 * The medium that an earlier call has brought, if it is still there: an installation that goes on must not begin anew
 * because a newer build has come out since.
 */
export async function recall(path: string): Promise<Medium | undefined> {
  const known = checkJson(medium, await readFile(path, 'utf8').catch(() => ''))
  if (known === undefined) {
    return undefined
  }
  try {
    const found = await recognise(known.kind === 'uup' ? known.folder : known.file)
    return found.kind === known.kind && (await sizeOf(known, found)) === known.provenance.bytes ? known : undefined
  } catch {
    return undefined
  }
}

export async function remember(path: string, medium: Medium): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, JSON.stringify(medium, undefined, 2))
  await rename(draft, path)
}

async function sizeOf(medium: Medium, found: Awaited<ReturnType<typeof recognise>>): Promise<number> {
  if (medium.kind !== 'uup' || found.kind !== 'uup') {
    return found.kind === 'uup' ? 0 : found.bytes
  }
  const sizes = await Promise.all(found.files.map(async (name) => (await stat(`${medium.folder}/${name}`)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
