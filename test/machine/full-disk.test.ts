import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { defaultCache } from '../../src/runtime/settings.ts'

// A real disk that is full: a file system of its own with all that a machine room writes. Not one in memory, where the
// kernel has to find room for what is only read of a snapshot's RAM too, and ends QEMU (SIGBUS).
const left = process.getuid?.() === 0 ? '' : ' (skipped: only root can mount a small disk)'
const mebibytes = 3000
const cache = defaultCache(process.env)
let folder: string
let disk: string
let server: OsrunServer

beforeAll(async () => {
  if (left !== '') {
    return
  }
  // Builds the guest where that was not done yet.
  await (await startServer({ runtime: 'host', cache }))[Symbol.asyncDispose]()
  folder = await mkdtemp(join(tmpdir(), 'osrun full '))
  disk = join(folder, 'small disk')
  await mkdir(disk)
  const image = join(folder, 'disk.img')
  await writeFile(image, '')
  await truncate(image, mebibytes * 2 ** 20)
  await execa('mkfs.ext4', ['-q', '-m', '0', image])
  await execa('mount', ['-o', 'loop', image, disk])
  await symlink(join(cache, 'guests'), join(disk, 'guests'))
  server = await startServer({ runtime: 'host', cache: disk, standbys: 0 })
})

afterEach(() => rm(join(disk, 'ballast'), { force: true }))

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  if (disk !== undefined) {
    await execa('umount', [disk])
    await rm(folder, { recursive: true, force: true })
  }
})

/** Takes all room but so many bytes. @param memories waits until so many snapshots have a memory, or begin to */
async function leave(room: number, memories = 0): Promise<void> {
  const { stdout } = await execa('df', ['--output=avail', '--block-size=1', disk])
  const free = Number(stdout.split('\n').at(-1))
  // Takes what there is where that is less by now.
  const script = `
    until [ "$(ls store/*/*/.files-*/ram | wc -l)" -ge "$1" ]; do :; done
    fallocate --length "$2" ballast || :
  `
  await execa('sh', ['-c', script, 'sh', String(memories), String(free - room)], { cwd: disk })
}

/** Whatever of snapshots there is. */
async function stored(): Promise<string[]> {
  const names = await readdir(join(disk, 'store'), { recursive: true })
  return names.filter((name) => /\.files-[^/]+\/ram$/.test(name)).sort()
}

async function isWell(win: Win): Promise<void> {
  expect((await win.run('echo well')).stdout).toBe('well')
}

describe.skipIf(left !== '')(`on a full disk${left}`, () => {
  test('a machine whose guest writes more than there is room for says so, and the next one is well', async () => {
    const win = await server.acquire()
    await leave(16 * 2 ** 20)
    const writing = win.writeFile('C:\\big.bin', randomBytes(96 * 2 ** 20))
    await expect(writing.then(() => win.run('ping -n 1000 127.0.0.1'))).rejects.toThrow('is full. Free some room')
    await expect(win.run('ver')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(win.snapshot('full-disk')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await win[Symbol.asyncDispose]()
    await rm(join(disk, 'ballast'))
    await using next = await server.acquire()
    await isWell(next)
  })

  test('a machine that cannot even begin says so', async () => {
    await leave(0)
    await expect(server.acquire()).rejects.toMatchObject({ code: 'DISK_FULL' })
  })

  test('a snapshot for which the room ends while it is saved leaves the old one, and the machine goes on', async () => {
    await using win = await server.acquire()
    await win.writeFile('C:\\generation.txt', 'one')
    await win.snapshot('full-disk', { replace: true })
    await win.writeFile('C:\\generation.txt', 'two')
    const before = await stored()
    const full = leave(0, before.length + 1)
    const saving = win.snapshot('full-disk', { replace: true })
    await Promise.race([saving, full])
    await expect(saving).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await stored()).toEqual(before)
    await rm(join(disk, 'ballast'))
    await isWell(win)
    await win.restore('full-disk')
    expect(await win.readFile('C:\\generation.txt', 'utf8')).toBe('one')
    await win.snapshot('full-disk', { replace: true })
  })

  test('a snapshot for which there is no room is refused before the machine stands still', async () => {
    await using win = await server.acquire()
    await leave(900 * 2 ** 20)
    await expect(win.snapshot('full-disk-2')).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('needs 1.3 GiB'),
    })
    await isWell(win)
  })
})
