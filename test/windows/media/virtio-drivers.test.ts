import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openVirtioDrivers } from '../../../src/windows/media/virtio-drivers.ts'
import { missingPrograms, putTree, type Tree } from './made-media.ts'
import { inf, virtioWinIso, virtioWinTree } from './made-virtio-win.ts'

const lacking = missingPrograms.filter((name) => name === '7zz' || name === 'genisoimage')
const missing = lacking.length === 0 ? '' : ` (skipped: no ${lacking.join(', ')})`

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtio drivers '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

const put = (tree: Tree) => putTree(folder, tree)

describe.skipIf(missing !== '')(`out of the ISO virtio-win${missing}`, () => {
  test.each([
    ['win11', 'w11', ['w10', 'w11', '2k22']],
    ['win10', 'w10', ['w10', 'w11', '2k22']],
    ['server2025', '2k25', ['2k22', '2k25']],
    ['server2025', '2k22', ['w11', '2k22']],
  ] as const)('%s gets the drivers of %s where there are %j', async (guest, version, versions) => {
    const drivers = await openVirtioDrivers(await virtioWinIso(folder, virtioWinTree(versions)), guest)
    const names = ['viostor', 'netkvm', 'vioserial', 'viorng'].flatMap((name) =>
      ['cat', 'inf', 'sys'].map((kind) => `${name}/${name}.${kind}`),
    )
    expect(drivers.files.map(({ name }) => name)).toEqual(names)
    const code = drivers.files.find(({ name }) => name === 'netkvm/netkvm.sys')?.source ?? ''
    expect(await readFile(code, 'latin1')).toBe(`code of NetKVM for ${version}, amd64`)
    await drivers[Symbol.asyncDispose]()
    expect(existsSync(code)).toBe(false)
  })

  test.each([
    [['w10', '2k22'], 'win11', /it has no such viostor and netkvm, but netkvm\/2k22\/amd64, .*viostor\/w10\/x86\.$/],
    [['w11'], 'server2025', /of Windows Server 2025 \(viostor\/2k25\/amd64 .*, or viostor\/2k22\/amd64 and NetKVM/],
    [[], 'win11', /: it has none of them\.$/],
  ] as const)(
    'with drivers of %j there are none for %s, and the error says what there is',
    async (versions, guest, said) => {
      const iso = await virtioWinIso(folder, virtioWinTree(versions))
      const error = await openVirtioDrivers(iso, guest).catch((reason: Error) => reason)
      expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(said) })
      expect(error).toMatchObject({ message: expect.stringContaining('Expected `media.virtioDrivers` to have virtio') })
      expect(error).toMatchObject({ message: expect.stringContaining(`got ${iso}: `) })
    },
  )

  test('a file that is no ISO is refused with the words of 7-Zip', async () => {
    const file = join(folder, 'virtio-win.iso')
    await writeFile(file, 'an address that has moved')
    await expect(openVirtioDrivers(file, 'win11')).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/`media\.virtioDrivers` to be the ISO virtio-win or a folder.*virtio-win\.iso/),
    })
  })
})

test('a folder with the content of the ISO is taken as that', async () => {
  await put(virtioWinTree())
  const { files } = await openVirtioDrivers(folder, 'server2022')
  expect(files).toHaveLength(12)
  expect(files[0]).toEqual({
    name: 'viostor/viostor.cat',
    source: join(folder, 'viostor', '2k22', 'amd64', 'viostor.cat'),
  })
})

test('a folder with drivers and nothing else is taken as it is, and stays', async () => {
  await put({ 'disk/my disk.inf': inf('DEV_1042', 'utf16le'), 'net.INF': inf('dev_1041'), 'net.sys': 'code' })
  const drivers = await openVirtioDrivers(folder, 'win11')
  expect(drivers.files.map(({ name }) => name)).toEqual(['disk/my disk.inf', 'net.INF', 'net.sys'])
  await drivers[Symbol.asyncDispose]()
  expect(existsSync(join(folder, 'net.sys'))).toBe(true)
})

test.each<[string, Tree, RegExp]>([
  ['is empty', {}, /it has none of them, nor any file\.$/],
  ['has no INF', { 'viostor.sys': 'code' }, /it has none of them\.$/],
  [
    'has INFs for something else, whatever they are called',
    { 'viostor.inf': inf('DEV_1001'), 'netkvm.inf': inf('DEV_1050') },
    /none of its 2 INF files is for virtio's network cards\.$/,
  ],
  [
    'has a name that Windows PE may stumble over',
    { 'a%b.inf': inf('DEV_1001') },
    /`media\.virtioDrivers` to have files with names of .*"a%b\.inf"/,
  ],
])('a folder that %s is refused', async (_, tree, said) => {
  await mkdir(folder, { recursive: true })
  await put(tree)
  await expect(openVirtioDrivers(folder, 'win11')).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringMatching(said),
  })
})

test('what is not there is named', async () => {
  const path = join(folder, 'no.iso')
  await expect(openVirtioDrivers(path, 'win11')).rejects.toMatchObject({
    code: 'HOST_FILE_FAILED',
    message: expect.stringContaining(path),
  })
})
