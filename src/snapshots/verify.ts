import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CachedStore } from './cache.ts'
import { sha256OfFile } from './digest.ts'
import { chainProblems, imageProblem } from './disk-chain.ts'
import {
  filesOf,
  formatManifest,
  holdsMemory,
  type Manifest,
  manifestName,
  parseManifest,
  sizeProblems,
  withDigests,
} from './manifest.ts'

/** What `verify` found out about a snapshot. */
export interface Verdict {
  /** What is wrong, a line for each; empty where nothing is. */
  readonly damage: readonly string[]
  /** What could not be looked at, and why. */
  readonly unchecked: readonly string[]
}

/** How to verify. */
export interface Verifying {
  /** Without it the disk layers' insides are not checked. */
  readonly qemuImg: string | undefined
  /** Record the digests of files that have none yet, if nothing is wrong. */
  readonly seal: boolean
  readonly signal?: AbortSignal | undefined
}

/** Looks whether a snapshot is whole. @returns undefined where there is none of that name */
export function verify(from: CachedStore, name: string, how: Verifying): Promise<Verdict | undefined> {
  return from.store.read(name, async (folder) => {
    const text = await readFile(join(folder, manifestName), 'utf8').catch(() => undefined)
    const manifest = text === undefined ? undefined : parseManifest(text)
    if (manifest === undefined) {
      return { damage: [manifestProblem(text)], unchecked: [] }
    }
    const broken = [...placeProblems(from, name, manifest), ...(await sizeProblems(folder, manifest))]
    // What has another size is damaged however it reads.
    return broken.length > 0 ? { damage: broken, unchecked: [] } : look(from, folder, manifest, how)
  })
}

async function look(from: CachedStore, folder: string, manifest: Manifest, how: Verifying): Promise<Verdict> {
  const damage = [...(await stateProblems(folder, manifest)), ...(await chainProblems(folder, manifest))]
  if (!holdsMemory(manifest)) {
    damage.push(`${manifest.ram.name} is too short for ${manifest.memoryMiB} MiB of memory`)
  }
  const unchecked: string[] = []
  if (how.qemuImg === undefined) {
    unchecked.push('the insides of the disk layers: there is no qemu-img here')
  } else {
    const { qemuImg } = how
    const images = [manifest.overlay, ...manifest.layers]
    const found = await Promise.all(images.map(({ name }) => imageProblem(qemuImg, join(folder, name), name)))
    damage.push(...found.filter((problem) => problem !== undefined))
  }
  const digests = new Map<string, string>()
  for (const file of filesOf(manifest).filter(({ sha256 }) => sha256 !== undefined || how.seal)) {
    digests.set(file.name, await sha256OfFile(join(folder, file.name), how.signal))
  }
  const files = filesOf(manifest)
  const changed = files.filter(({ name, sha256 }) => sha256 !== undefined && sha256 !== digests.get(name))
  damage.push(...changed.map(({ name }) => `${name} has other bytes than when it was sealed`))
  if (how.seal && damage.length === 0) {
    await writeSealed(from, folder, manifest, digests)
  } else if (files.some(({ sha256 }) => sha256 === undefined)) {
    unchecked.push('whether bytes have changed: it is not sealed')
  }
  return { damage, unchecked }
}

function manifestProblem(text: string | undefined): string {
  return text === undefined ? 'it has no manifest' : `its manifest is of another form: ${text.slice(0, 40)}`
}

function placeProblems({ guest, key }: CachedStore, name: string, manifest: Manifest): string[] {
  const expected = { name, guest, key }
  return (['name', 'guest', 'key'] as const)
    .filter((field) => manifest[field] !== expected[field])
    .map((field) => `its manifest has the ${field} ${manifest[field]} in place of ${expected[field]}`)
}

// "QEVM", then version 3: how every device state of QEMU begins.
const stateMagic = Buffer.from('5145564d00000003', 'hex')

async function stateProblems(folder: string, { state }: Manifest): Promise<string[]> {
  const file = await open(join(folder, state.name), 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(stateMagic.length), 0, stateMagic.length, 0)
    return buffer.equals(stateMagic) ? [] : [`${state.name} is no device state of QEMU`]
  } finally {
    await file.close()
  }
}

async function writeSealed({ store }: CachedStore, folder: string, manifest: Manifest, digests: Map<string, string>) {
  const text = formatManifest(withDigests(manifest, digests))
  // Written elsewhere and renamed into place: whoever reads has the old one or the new one.
  const draft = await store.draft()
  try {
    const made = join(draft.folder, manifestName)
    await writeFile(made, text, { mode: 0o444, flush: true })
    await rename(made, join(folder, manifestName))
  } finally {
    await draft.discard()
  }
}
