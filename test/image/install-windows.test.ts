import { chown, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootSector } from '../windows/media/boot-sector.ts'
import { bootTree, makeIso, missingPrograms } from '../windows/media/made-media.ts'
import { virtioWinIso } from '../windows/media/made-virtio-win.ts'
import { noDocker, ownImage } from './image.ts'

// An installation asks for more room than a small computer has: a disk of its own, of which little is ever written.
const without =
  (await noDocker()) ??
  (missingPrograms.length > 0 ? `${missingPrograms.join(', ')} not installed` : undefined) ??
  (process.getuid?.() === 0 ? undefined : 'only root can mount a disk')
let image: string
let folder: string
let disk: string

beforeAll(async () => {
  if (without !== undefined) {
    return
  }
  image = await ownImage()
  folder = await mkdtemp(join(tmpdir(), 'osrun image '))
  disk = join(folder, 'large disk')
  await mkdir(disk)
  const file = join(folder, 'disk.img')
  await writeFile(file, '')
  await truncate(file, 48 * 2 ** 30)
  await execa('mkfs.ext4', ['-q', '-m', '0', file])
  await execa('mount', ['-o', 'loop', file, disk])
})

afterAll(async () => {
  if (disk !== undefined) {
    await execa('umount', [disk])
    await rm(folder, { recursive: true, force: true })
  }
})

describe.skipIf(without !== undefined)(`docker run${without ? ` (skipped: ${without})` : ''}`, () => {
  test('install reads an own ISO and one of drivers, makes media of it and boots them: as far as what starts there says it cannot', {
    timeout: 300_000,
  }, async () => {
    const cache = join(disk, 'cache')
    await mkdir(cache)
    const words = ['osrun: pe disk begin', 'osrun: pe disk failed this ISO has no Windows']
    const boot = { ...bootTree, 'boot/etfsboot.com': bootSector(words.join('\r\n')), 'sources/setup.exe': 'setup' }
    await makeIso(join(cache, 'own.iso'), 'install.wim', boot)
    const drivers = await virtioWinIso(cache)
    for (const path of [cache, join(cache, 'own.iso'), drivers]) {
      await chown(path, 1000, 1000)
    }

    const flags = [
      '--iso',
      '/cache/own.iso',
      '--edition',
      'Professional',
      '--tpm',
      '--slow',
      '--virtio-drivers',
      `/cache/${basename(drivers)}`,
    ]
    const { stderr, exitCode } = await execa(
      'docker',
      ['run', '--rm', '--cap-drop', 'NET_RAW', '-v', `${cache}:/cache`, image, 'install', 'win11', ...flags],
      { reject: false, stdin: 'ignore' },
    )

    expect(stderr).toContain('guest win11: building what the machine starts from')
    expect(stderr).toContain('guest win11: starting from the medium')
    expect(stderr).toContain('this ISO has no Windows')
    expect(stderr).toContain('/cache/guests/win11/failed')
    expect(exitCode).not.toBe(0)
    expect(await readFile(join(cache, 'guests/win11/failed/serial.log'), 'latin1')).toContain(words.join('\r\n'))
  })
})
