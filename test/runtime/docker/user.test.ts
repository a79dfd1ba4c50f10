import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deviceAccess, findKvm } from '../../../src/runtime/docker/kvm.ts'
import { serverUser, type User } from '../../../src/runtime/docker/user.ts'

const me: User = { uid: 1001, gid: 1002 }
const root: User = { uid: 0, gid: 0 }
const image: User = { uid: 1000, gid: 1000 }

test.for<[string, User | undefined, boolean, User, User | undefined]>([
  ["the host's user", me, false, me, me],
  ["never root: the image's own user", root, false, image, image],
  ["the image's own user where users have no numbers", undefined, false, image, undefined],
  ["root of a rootless engine, who is the host's user", me, true, root, me],
])('the server is %s', ([, host, rootless, inside, outside]) => {
  expect(serverUser(host, rootless)).toEqual({ inside, outside })
})

test.for<[string, { uid: number; gid: number; mode: number }, object | undefined]>([
  ['by its group', { uid: 0, gid: 104, mode: 0o20660 }, { group: 104 }],
  ['by everyone', { uid: 0, gid: 104, mode: 0o20666 }, {}],
  ['by its owner', { uid: 1001, gid: 0, mode: 0o20600 }, {}],
  ["by the user's own group", { uid: 0, gid: 1002, mode: 0o20660 }, {}],
  ['by root alone', { uid: 0, gid: 0, mode: 0o20600 }, undefined],
  ['for reading only', { uid: 0, gid: 104, mode: 0o20640 }, undefined],
])('a device that is opened %s', ([, device, access]) => {
  expect(deviceAccess(device, me)).toEqual(access)
})

let folder: string
let log: string[]
let device: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun kvm '))
  log = []
  device = join(folder, 'kvm')
  await writeFile(device, '')
  await chmod(device, 0o666)
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('KVM is passed in where the user may open it', async () => {
  expect(await find('auto')).toEqual({ path: device })
  expect(log).toEqual([])
})

test('KVM that is missing is told, and an error where it was asked for by name', async () => {
  device = join(folder, 'no kvm')
  expect(await find('auto')).toBeUndefined()
  expect(log).toEqual([expect.stringMatching(/TCG: .*no kvm does not exist/)])
  await expect(find('kvm')).rejects.toMatchObject({ code: 'ACCELERATOR_UNUSABLE' })
})

test('KVM that was found not to run guests in this boot of the host is left out', async () => {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  await writeFile(join(folder, 'accelerator.json'), JSON.stringify({ works: false, key: { boot } }))
  expect(await find('auto')).toBeUndefined()
  expect(await find('kvm')).toEqual({ path: device })
  await writeFile(join(folder, 'accelerator.json'), JSON.stringify({ works: false, key: { boot: 'earlier' } }))
  expect(await find('auto')).toEqual({ path: device })
})

test.for(['tcg', 'hvf'] as const)('with %s KVM is not looked at', async (accel) => {
  await (accel === 'tcg'
    ? expect(find(accel)).resolves.toBeUndefined()
    : expect(find(accel)).rejects.toMatchObject({ code: 'ACCELERATOR_UNUSABLE' }))
})

function find(accel: 'auto' | 'kvm' | 'tcg' | 'hvf') {
  const options = { user: me, rootless: false, caches: [folder, join(folder, 'none')], path: device }
  return findKvm({ ...options, accel, onLog: (line) => log.push(line) })
}
