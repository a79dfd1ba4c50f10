import { chmod, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Template } from '../../src/snapshots/store.ts'
import { verify } from '../../src/snapshots/verify.ts'
import { key, madeStore, makeLayer, makeSnapshot, withoutQemuImg } from './made-snapshot.ts'

let cache: string
let template: Template

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun verify '))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

async function look(how: { seal?: boolean; qemuImg?: string | undefined } = {}) {
  return verify(await madeStore(cache), 'git', { qemuImg: 'qemu-img', seal: false, ...how })
}

/** Writes over bytes of a published file. */
async function spoil(name: string, position: number, bytes: Buffer): Promise<void> {
  const path = join(template.folder, name)
  await chmod(path, 0o644)
  const file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, position)
  await file.close()
}

describe.skipIf(withoutQemuImg !== '')(`verify${withoutQemuImg}`, () => {
  beforeEach(async () => {
    template = await makeSnapshot(cache, 'git')
  })

  test('finds nothing wrong with a whole snapshot, and says what it could not look at', async () => {
    expect(await look()).toEqual({ damage: [], unchecked: ['whether bytes have changed: it is not sealed'] })
    expect((await look({ qemuImg: undefined }))?.unchecked).toContain(
      'the insides of the disk layers: there is no qemu-img here',
    )
    expect(await verify(await madeStore(cache), 'node', { qemuImg: 'qemu-img', seal: false })).toBeUndefined()
  })

  test('finds a changed byte once the snapshot was sealed, wherever it lies', async () => {
    const { ino } = await stat(join(template.folder, 'ram'))
    expect(await look({ seal: true })).toEqual({ damage: [], unchecked: [] })
    expect(await look()).toEqual({ damage: [], unchecked: [] })
    await spoil('ram', 8 * 2 ** 20, Buffer.of(1))
    expect((await look())?.damage).toEqual(['ram has other bytes than when it was sealed'])
    // Sealing left the files as they were, and does not bless what is damaged now.
    expect((await stat(join(template.folder, 'ram'))).ino).toBe(ino)
    expect((await look({ seal: true }))?.damage).toEqual(['ram has other bytes than when it was sealed'])
    expect((await readdir(join(template.folder, '..'))).filter((name) => name.startsWith('.files-'))).toHaveLength(1)
  })

  test.each(['ram', 'state', 'overlay.qcow2', 'disk-a.qcow2'])('finds that %s was cut', async (name) => {
    await chmod(join(template.folder, name), 0o644)
    const { size } = await stat(join(template.folder, name))
    await truncate(join(template.folder, name), size - 1)
    expect((await look())?.damage).toEqual([`${name} has ${size - 1} bytes in place of ${size}`])
  })

  test('finds that a layer below is missing', async () => {
    await rm(join(template.folder, 'disk-a.qcow2'))
    expect((await look())?.damage).toEqual([expect.stringMatching(/^disk-a\.qcow2 has no bytes in place of \d+$/)])
  })

  test.each([
    ['/etc/passwd', 'disk-b.qcow2 needs "/etc/passwd" below it, and the manifest has disk-a.qcow2'],
    ['disk-base.qcow2', 'disk-b.qcow2 needs "disk-base.qcow2" below it, and the manifest has disk-a.qcow2'],
  ])('finds a layer that stands on %s', async (backing, problem) => {
    await rm(join(template.folder, 'disk-b.qcow2'))
    await makeLayer(join(template.folder, 'disk-b.qcow2'), backing)
    expect((await look())?.damage).toEqual([problem])
  })

  test('finds a disk layer whose inside is wrong', async () => {
    // The first entry of the table of clusters points to where nothing is.
    const header = await readFile(join(template.folder, 'disk-a.qcow2'))
    await spoil('disk-a.qcow2', Number(header.readBigUInt64BE(40)), Buffer.from('8000000000030000', 'hex'))
    expect((await look())?.damage).toEqual([expect.stringMatching(/^qemu-img finds \d+ errors in disk-a\.qcow2$/)])
  })

  test('finds a disk layer that is none', async () => {
    await spoil('overlay.qcow2', 0, Buffer.from('nothing'))
    expect((await look())?.damage).toEqual([
      'overlay.qcow2 is no qcow2 file',
      expect.stringMatching(/^qemu-img cannot check overlay\.qcow2: .*not in qcow2 format/i),
    ])
  })

  test('finds a device state that QEMU did not write', async () => {
    await spoil('state', 0, Buffer.from('nothing'))
    expect((await look())?.damage).toEqual(['state is no device state of QEMU'])
  })

  test.each([
    ['{"format": 2}', 'its manifest is of another form: {"format": 2}'],
    ['', 'its manifest is of another form: '],
  ])('finds the manifest %j', async (text, problem) => {
    await rm(join(template.folder, 'manifest.json'))
    await writeFile(join(template.folder, 'manifest.json'), text)
    expect((await look())?.damage).toEqual([problem])
  })

  test('finds a snapshot under a name that is not its own', async () => {
    const { store } = await madeStore(cache)
    await rename(join(store.folder, 'git'), join(store.folder, 'node'))
    const verdict = await verify(await madeStore(cache), 'node', { qemuImg: 'qemu-img', seal: false })
    expect(verdict?.damage).toEqual(['its manifest has the name git in place of node'])
  })
})

test.skipIf(withoutQemuImg !== '')(
  `verify finds memory that is too short, and another key${withoutQemuImg}`,
  async () => {
    template = await makeSnapshot(cache, 'git', { memoryMiB: 17 })
    expect((await look())?.damage).toEqual(['ram is too short for 17 MiB of memory'])
    const { store, ...from } = await madeStore(cache)
    const verdict = await verify({ ...from, store, key: '0123' }, 'git', { qemuImg: 'qemu-img', seal: false })
    expect(verdict?.damage).toEqual([`its manifest has the key ${key} in place of 0123`])
  },
)
