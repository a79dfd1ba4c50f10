// A process that publishes, replaces or removes snapshots with the real store: `publisher.ts <store> <action> <n>`.
// With the actions publish, replace and remove it is killed before its n-th call into the file system. With hammer it
// publishes, replaces, removes and collects n times, in an order of its own.
import fs, { writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Manifest } from '../../src/snapshots/manifest.ts'
import type { Store } from '../../src/snapshots/store.ts'

const fileNames = ['ram', 'state', 'overlay.qcow2', 'disk-1.qcow2'] as const

/** Publishes a snapshot all files of which hold the id of its manifest. */
export async function publish(store: Store, name: string, id: string, replace: boolean): Promise<void> {
  const draft = await store.draft()
  try {
    for (const file of fileNames) {
      await writeFile(join(draft.folder, file), id)
    }
    await draft.publish(manifestOf(name, id), replace)
  } finally {
    await draft.discard()
  }
}

function manifestOf(name: string, id: string): Manifest {
  const [ram, state, overlay, layer] = fileNames.map((file) => ({ name: file, size: id.length })) as [
    Manifest['ram'],
    ...Manifest['layers'],
  ] as [Manifest['ram'], Manifest['ram'], Manifest['ram'], Manifest['ram']]
  const known = { format: 1, guest: 'wine', key: '0123', createdAt: '2026-01-02T03:04:05.000Z', memoryMiB: 1 } as const
  return { ...known, name, id, ram, state, overlay, layers: [layer] }
}

function killBefore(call: number): void {
  let left = call
  const tick = () => {
    left -= 1
    if (left === 0) {
      process.kill(process.pid, 'SIGKILL')
      for (;;) {
        // Nothing more happens in this process.
      }
    }
  }
  const calls = fs as unknown as Record<string, (...words: unknown[]) => Promise<unknown>>
  for (const name of Object.keys(fs).filter((key) => typeof calls[key] === 'function')) {
    const real = calls[name]?.bind(fs)
    calls[name] = async (...words) => {
      tick()
      const result = await real?.(...words)
      if (name === 'open') {
        const handle = result as fs.FileHandle
        const sync = handle.sync.bind(handle)
        handle.sync = async () => {
          tick()
          await sync()
        }
      }
      return result
    }
  }
  syncBuiltinESMExports()
}

async function hammer(store: Store, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const id = Math.floor(Math.random() * 2 ** 48)
      .toString(16)
      .padStart(16, '0')
    const turn = Math.floor(Math.random() * 5)
    const does = [
      () => publish(store, 'git', id, true),
      () => publish(store, 'git', id, true),
      () => publish(store, 'git', id, false),
      () => store.remove('git'),
      () => store.collect(),
    ][turn]
    await does?.().catch((error: { code?: string }) => {
      if (error.code !== 'SNAPSHOT_EXISTS' && error.code !== 'SNAPSHOT_NOT_FOUND') {
        throw error
      }
    })
  }
}

const [, program, folder, action, count] = process.argv
if (program === import.meta.filename && folder !== undefined) {
  if (action !== 'hammer') {
    killBefore(Number(count))
  }
  const { Store } = await import('../../src/snapshots/store.ts')
  const store = new Store(folder)
  if (action === 'hammer') {
    await hammer(store, Number(count))
  } else if (action === 'remove') {
    await store.remove('git')
  } else {
    await publish(store, 'git', 'ffffffffffffffff', action === 'replace')
  }
}
