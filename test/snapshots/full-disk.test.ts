import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exportTo } from '../../src/cli/snapshots/export.ts'
import { exportSnapshot } from '../../src/snapshots/export.ts'
import { importSnapshot } from '../../src/snapshots/import.ts'
import { verify } from '../../src/snapshots/verify.ts'
import { madeStore, makeSnapshot, parts, withoutQemuImg } from './made-snapshot.ts'

const isRoot = process.getuid?.() === 0
const left = withoutQemuImg || (isRoot ? '' : ' (skipped: only root can mount a small disk)')
let folder: string
/** On a disk of 2 MiB. */
let cache: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun full '))
  cache = join(folder, 'small disk')
  if (left === '') {
    await mkdir(cache)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'osrun-test', cache])
    await makeSnapshot(cache, 'git')
  }
})

afterEach(async () => {
  if (left === '') {
    await execa('umount', [cache])
  }
  await rm(folder, { recursive: true, force: true })
})

/** Leaves no room on the small disk. */
async function fillUp(): Promise<void> {
  const ballast = await open(join(cache, 'ballast'), 'w')
  try {
    for (;;) {
      await ballast.write(Buffer.alloc(4096, 1))
    }
  } catch {
    await ballast.close()
  }
}

async function expectOldSnapshot(): Promise<void> {
  const from = await madeStore(cache)
  expect(await verify(from, 'git', { qemuImg: 'qemu-img', seal: false })).toMatchObject({ damage: [] })
  await from.store.collect()
  expect((await readdir(from.store.folder)).filter((name) => name.startsWith('.files-'))).toHaveLength(1)
}

describe.skipIf(left !== '')(`on a full disk${left}`, () => {
  test('publishing says so, and the snapshot that it was to replace stays', async () => {
    const { store } = await madeStore(cache)
    const { manifest, folder: files } = await store.get('git')
    const draft = await store.draft()
    await execa('cp', ['--sparse=always', '--recursive', `${files}/.`, draft.folder])
    await rm(join(draft.folder, 'manifest.json'))
    await fillUp()
    await expect(draft.publish(manifest, true)).rejects.toMatchObject({ code: 'DISK_FULL' })
    await draft.discard()
    await expectOldSnapshot()
  })

  test('importing says so although the archive promised to be small', async () => {
    const template = await makeSnapshot(join(folder, 'elsewhere'), 'git')
    const archive = join(folder, 'git.tar.zst')
    await exportSnapshot({ template, parts, to: createWriteStream(archive) })
    await fillUp()
    const task = { cache, from: archive, replace: true, admit: async () => undefined }
    // What fits into the last page is not worth a look.
    await rm(join(cache, 'ballast'))
    const ballast = await open(join(cache, 'ballast'), 'w')
    await ballast.write(Buffer.alloc(2 ** 20, 1))
    await ballast.close()
    await expect(importSnapshot({ ...task, archive: createReadStream(archive) })).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    await expectOldSnapshot()
  })

  test('exporting says so, and leaves no part of an archive', async () => {
    await fillUp()
    const file = join(cache, 'git.tar.zst')
    await expect(exportTo('git', file, { cache })).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect((await readdir(cache)).sort()).toEqual(['ballast', 'store'])
    await expectOldSnapshot()
  })
})
