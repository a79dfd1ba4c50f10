import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { execa } from 'execa'
import { extract, type Header, pack } from 'tar-stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportSnapshot } from '../../src/snapshots/export.ts'
import { importSnapshot } from '../../src/snapshots/import.ts'
import { filesOf } from '../../src/snapshots/manifest.ts'
import { Store, type Template } from '../../src/snapshots/store.ts'
import { verify } from '../../src/snapshots/verify.ts'
import { key, madeStore, makeLayer, makeSnapshot, parts, withoutQemuImg } from './made-snapshot.ts'

let origin: string
let template: Template
let archive: string
let folder: string

beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), 'osrun archive '))
  if (withoutQemuImg === '') {
    template = await makeSnapshot(origin, 'git', { parent: 'provisioned' })
    archive = join(origin, 'git.tar.zst')
    await exportSnapshot({ template, parts, to: createWriteStream(archive) })
  }
})

afterAll(async () => {
  await rm(origin, { recursive: true, force: true })
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun archive '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const there = () => join(folder, 'there')
const storeThere = () => new Store(join(there(), 'store', 'wine', key))

function take(source: string | Buffer = archive, how: Partial<Parameters<typeof importSnapshot>[0]> = {}) {
  return importSnapshot({
    cache: there(),
    archive: typeof source === 'string' ? createReadStream(source) : Readable.from([source]),
    from: 'git.tar.zst',
    replace: false,
    admit: async () => undefined,
    ...how,
  })
}

interface Entry {
  header: Partial<Header> & { name: string }
  body: Buffer
}

/** The archive's entries, changed by `change`, as an archive again. */
async function remade(change: (entries: Entry[]) => Entry[] | undefined | Promise<void>): Promise<Buffer> {
  const entries: Entry[] = []
  const reader = extract()
  reader.end(zstdDecompressSync(await readFile(archive)))
  for await (const entry of reader) {
    entries.push({ header: { name: entry.header.name, type: 'file' }, body: await buffer(entry) })
  }
  const changed = (await change(entries)) ?? entries
  const tar = pack()
  for (const { header, body } of changed) {
    tar.entry(header, body)
  }
  tar.finalize()
  return buffer(tar.pipe(createZstdCompress() as never) as never)
}

/** The archive with another description. */
function redescribed(change: (description: { manifest: Template['manifest'] } & Record<string, unknown>) => void) {
  return remade((entries) => {
    const [first] = entries
    if (first !== undefined) {
      const description = JSON.parse(String(first.body))
      change(description)
      first.body = Buffer.from(JSON.stringify(description))
    }
    return undefined
  })
}

describe.skipIf(withoutQemuImg !== '')(`an exported snapshot${withoutQemuImg}`, () => {
  test('comes back with every byte, its holes, and digests to verify', async () => {
    const taken = await take()
    expect(taken.manifest).toMatchObject({ name: 'git', parent: 'provisioned', key, memoryMiB: 16 })
    expect(taken.manifest.id).not.toBe(template.manifest.id)
    expect((await madeStoreThere()).parts).toEqual(parts)
    for (const { name } of filesOf(template.manifest)) {
      expect(await readFile(join(taken.folder, name))).toEqual(await readFile(join(template.folder, name)))
    }
    const { size, blocks } = await stat(join(taken.folder, 'ram'))
    expect(size).toBe(16 * 2 ** 20)
    expect(blocks * 512).toBeLessThanOrEqual(64 * 1024)
    expect(await verify(await madeStoreThere(), 'git', { qemuImg: 'qemu-img', seal: false })).toEqual({
      ...{ damage: [], unchecked: [] },
    })
  })

  test('is unpacked by tar and zstd as well, and sha256sum checks it', async () => {
    const plain = join(folder, 'plain.tar')
    await writeFile(plain, zstdDecompressSync(await readFile(archive)))
    await execa('tar', ['--extract', '--file', plain, '--directory', folder])
    const { stdout } = await execa('sha256sum', ['--check', 'SHA256SUMS'], { cwd: folder })
    expect(stdout.split('\n')).toHaveLength(1 + filesOf(template.manifest).length)
  })

  test('can have another name, and replaces one only if asked to', async () => {
    await take(archive, { name: 'other' })
    await expect(take(archive, { name: 'other' })).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
    await take(archive, { name: 'other', replace: true })
    expect((await storeThere().list()).map(({ name }) => name)).toEqual(['other'])
    await expect(take(archive, { name: '../x' })).rejects.toMatchObject({ code: 'BAD_NAME' })
  })

  test('is not even read on where this host cannot use it', async () => {
    const admit = () => Promise.reject(new Error('not here'))
    await expect(take(archive, { admit })).rejects.toThrow('not here')
    expect(await readdir(folder)).not.toContain('there')
  })

  test('brings its guest along where it was asked to, and only then', async () => {
    const guest = { disk: join(folder, 'd'), kernel: join(folder, 'k'), initrd: join(folder, 'i'), id: parts.guestId }
    await Promise.all([guest.disk, guest.kernel, guest.initrd].map((path) => writeFile(path, randomBytes(5000))))
    const withGuest = join(folder, 'with guest')
    await exportSnapshot({ template, parts, guest, recipe: '0123456789abcdef', to: createWriteStream(withGuest) })
    const published: object[] = []
    const draft = await mkdtemp(join(folder, 'guest '))
    const admit = async () => ({
      folder: draft,
      publish: async (digests: object) => void published.push(digests),
      discard: async () => {},
    })
    await take(withGuest, { admit })
    expect(await readFile(join(draft, 'disk.qcow2'))).toEqual(await readFile(guest.disk))
    expect(await readFile(join(draft, 'initrd.img'))).toEqual(await readFile(guest.initrd))
    expect(published).toEqual([expect.objectContaining({ kernel: expect.stringMatching(/^[0-9a-f]{64}$/) })])
    const without = await take(withGuest, { name: 'other' })
    expect(await readdir(without.folder)).toHaveLength(6)
  })
})

async function madeStoreThere() {
  return madeStore(there())
}

async function unchanged(): Promise<void> {
  expect(await readdir(storeThere().folder).catch(() => [])).toEqual([])
}

describe.skipIf(withoutQemuImg !== '')(`refused at the door, and nothing is left${withoutQemuImg}`, () => {
  afterEach(unchanged)

  test.each([0, 1, 100, 5000, -100])('an archive cut at byte %i', async (at) => {
    const bytes = await readFile(archive)
    await expect(take(bytes.subarray(0, at < 0 ? bytes.length + at : at))).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringMatching(/^git\.tar\.zst is no whole exported snapshot: /),
    })
  })

  test.each([0.01, 0.3, 0.6, 0.99])('an archive with a flipped bit at %d of its length', async (where) => {
    const bytes = await readFile(archive)
    const at = Math.floor(bytes.length * where)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
    await expect(take(bytes)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  })

  test.each([
    ['no archive', Buffer.from('hello')],
    ['an archive of nothing', zstdCompressSync(Buffer.alloc(1024))],
    ['zeros', Buffer.alloc(10_000)],
  ])('%s', async (_, bytes) => {
    await expect(take(bytes)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  })

  const file = (entry: Entry, header: Partial<Header>, body = entry.body) => ({
    header: { ...entry.header, ...header },
    body,
  })
  const none = Buffer.alloc(0)
  type Five = [about: Entry, ram: Entry, state: Entry, ...more: Entry[]]

  test.each<[string, (entries: Five) => Entry[]]>([
    ['a changed byte', ([a, b, ...more]) => [a, file(b, {}, Buffer.alloc(b.body.length)), ...more]],
    ['a path that leads out', ([a, b, ...more]) => [a, file(b, { name: '../../ram' }), ...more]],
    ['an absolute path', ([a, b, ...more]) => [a, file(b, { name: '/tmp/ram' }), ...more]],
    ['a symbolic link', ([a, b, ...more]) => [a, file(b, { type: 'symlink', linkname: '/etc/passwd' }, none), ...more]],
    ['a hard link', ([a, b, ...more]) => [a, file(b, { type: 'link', linkname: '/etc/passwd' }, none), ...more]],
    ['a pipe', ([a, b, ...more]) => [a, file(b, { type: 'fifo' }, none), ...more]],
    ['a longer file', ([a, b, ...more]) => [a, file(b, {}, Buffer.concat([b.body, b.body])), ...more]],
    ['another order', ([a, b, c, ...more]) => [a, c, b, ...more]],
    ['a missing file', ([a, _, ...more]) => [a, ...more]],
    ['a file twice', ([a, b, ...more]) => [a, b, b, ...more]],
    ['a file too many', ([a, ...more]) => [a, ...more, file(a, { name: 'x' })]],
    ['no digests', (entries) => entries.slice(0, -1)],
    ['empty digests', (entries) => [...entries.slice(0, -1), file(entries[0], { name: 'SHA256SUMS' }, none)]],
    ['a description without end', ([a, ...more]) => [file(a, {}, Buffer.alloc(2 ** 21)), ...more]],
  ])('%s', async (_, change) => {
    await expect(take(await remade((entries) => change(entries as Five)))).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
    })
  })

  test.each<[string, Parameters<typeof redescribed>[0]]>([
    ['another form of archive', (description) => Object.assign(description, { archive: 2 })],
    ['another form of manifest', ({ manifest }) => Object.assign(manifest, { format: 2 })],
    ['a guest whose name is a path', ({ manifest }) => Object.assign(manifest, { guest: '../..' })],
    ['a name that is a path', ({ manifest }) => Object.assign(manifest, { name: '../x' })],
    ['a file whose name is a path', ({ manifest }) => Object.assign(manifest.ram, { name: '../ram' })],
    ['a file whose name is its folder', ({ manifest }) => Object.assign(manifest.ram, { name: '..' })],
    ['a key that its parts do not make', ({ manifest }) => Object.assign(manifest, { key: '0123456789abcdef' })],
    ['more memory than it has', ({ manifest }) => Object.assign(manifest, { memoryMiB: 64 })],
    ['a size that is none', ({ manifest }) => Object.assign(manifest.state, { size: -1 })],
    ['one name for two files', ({ manifest }) => Object.assign(manifest.state, { name: 'ram' })],
  ])('%s', async (_, change) => {
    await expect(take(await redescribed(change))).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringContaining('its description is not as expected'),
    })
  })

  test('a disk layer that stands on a file of this host', async () => {
    const hostile = await makeSnapshot(join(folder, 'hostile'), 'git')
    await rm(join(hostile.folder, 'disk-a.qcow2'))
    await makeLayer(join(hostile.folder, 'disk-a.qcow2'), '/etc/passwd')
    const exported = join(folder, 'exported')
    await exportSnapshot({ template: hostile, parts, to: createWriteStream(exported) })
    await expect(take(exported)).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringContaining('disk-a.qcow2 needs "/etc/passwd" below it'),
    })
  })

  test('more than there is room for, before a byte is written', async () => {
    await expect(take(await redescribed((each) => Object.assign(each, { room: 2 ** 44 })))).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('16.0 TiB'),
    })
  })

  test('an archive that cannot be read', async () => {
    await expect(take(join(folder, 'none'))).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
      message: expect.stringContaining('git.tar.zst cannot be read'),
    })
  })

  test('an import that is canceled while it waits for more', async () => {
    const controller = new AbortController()
    const bytes = await readFile(archive)
    const slow = new Readable({ read() {} })
    slow.push(bytes.subarray(0, bytes.length - 10))
    const importing = take(bytes, {
      archive: slow,
      signal: controller.signal,
      admit: async () => void controller.abort(),
    })
    await expect(importing).rejects.toMatchObject({ code: 'CANCELED' })
  })
})

describe.skipIf(withoutQemuImg !== '')(`exporting ends${withoutQemuImg}`, () => {
  test('where nothing more can be written', async () => {
    const full = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
      },
    })
    await expect(exportSnapshot({ template, parts, to: full })).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  test('where a sealed file has changed', async () => {
    const manifest = { ...template.manifest, ram: { ...template.manifest.ram, sha256: '0'.repeat(64) } }
    const to = createWriteStream(join(folder, 'x'))
    await expect(exportSnapshot({ template: { ...template, manifest }, parts, to })).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringContaining('ram has other bytes'),
    })
  })

  test('where it is canceled', async () => {
    const to = new Writable({ write() {} })
    const signal = AbortSignal.timeout(50)
    await expect(exportSnapshot({ template, parts, to, signal })).rejects.toThrow()
  })
})
