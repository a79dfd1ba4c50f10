import { randomBytes } from 'node:crypto'
import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { type CachedStore, cachedStores, storeFolder } from '../../src/snapshots/cache.ts'
import { type KeyParts, snapshotKey, writeKeyParts } from '../../src/snapshots/key.ts'
import type { Manifest } from '../../src/snapshots/manifest.ts'
import { Store, type Template } from '../../src/snapshots/store.ts'

/** Why tests with real disk layers are left out, as the end of a title; empty where they are not. */
export const withoutQemuImg = (await execa('qemu-img', ['--version'], { reject: false })).failed
  ? ' (skipped: there is no qemu-img)'
  : ''

/** What the key of the snapshots made here is made of. */
export const parts: KeyParts = {
  ...{ format: 1, guestId: 'abcdabcdabcdabcd', qemuVersion: '10.0.2', hostCpu: '' },
  shape: {
    ...{ machineType: 'pc-q35-10.0', accelerator: 'tcg', cpuModel: 'Westmere', cpus: 1, memoryMiB: 16 },
    ...{ screen: { width: 1024, height: 768 }, kernelCommandLine: 'quiet' },
  },
}
export const key = snapshotKey(parts)

/**
 * Publishes a snapshot that is like a real one but for its size and what its bytes mean: 16 MiB of memory, mostly holes,
 * and disk layers that are qcow2.
 */
export async function makeSnapshot(cache: string, name: string, more: Partial<Manifest> = {}): Promise<Template> {
  const store = new Store(storeFolder(cache, 'wine', key))
  await writeKeyParts(store.folder, parts)
  const draft = await store.draft()
  const at = (file: string) => join(draft.folder, file)
  const memory = await open(at('ram'), 'w')
  await memory.truncate(16 * 2 ** 20)
  await memory.write(randomBytes(8192), 0, 8192, 3 * 2 ** 20)
  await memory.write(randomBytes(100), 0, 100, 16 * 2 ** 20 - 100)
  await memory.close()
  await writeFile(at('state'), Buffer.concat([Buffer.from('5145564d00000003', 'hex'), randomBytes(5000)]))
  const layers = ['disk-b.qcow2', 'disk-a.qcow2']
  await makeLayer(at('disk-a.qcow2'), 'disk-base.qcow2')
  await makeLayer(at('disk-b.qcow2'), 'disk-a.qcow2')
  await makeLayer(at('overlay.qcow2'), 'disk-b.qcow2')
  const described = async (file: string) => ({ name: file, size: (await stat(at(file))).size })
  const manifest: Manifest = {
    ...{ format: 1, guest: 'wine', name, key, id: randomBytes(8).toString('hex'), memoryMiB: 16 },
    createdAt: '2026-01-02T03:04:05.000Z',
    ...{ ram: await described('ram'), state: await described('state'), overlay: await described('overlay.qcow2') },
    layers: await Promise.all(layers.map(described)),
    ...more,
  }
  return draft.publish(manifest, false)
}

/** An empty disk layer of 1 MiB that names the one below it, whether that is there or not. */
export async function makeLayer(path: string, backing: string): Promise<void> {
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-u', '-b', backing, path, '1M'])
}

/** The store that `makeSnapshot` publishes in. */
export async function madeStore(cache: string): Promise<CachedStore> {
  const [store] = await cachedStores(cache)
  if (store === undefined) {
    throw new Error(`There is no store in ${cache}.`)
  }
  return store
}
