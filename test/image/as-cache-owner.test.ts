import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { giveTo, noDocker, ownImage, removeFolder } from './image.ts'

let image: string
let parent: string
let cache: string

beforeAll(async () => {
  image = await ownImage()
})

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'osrun image '))
  cache = join(parent, 'cache')
})

afterEach(async () => {
  await removeFolder(image, parent)
  await rm(parent, { recursive: true, force: true })
})

/** A program in a new container of the image, with the folder as its cache. */
function docker(flags: readonly string[], program: readonly string[]) {
  const words = ['run', '--rm', '-v', `${cache}:/cache`, ...flags, '--entrypoint', 'as-cache-owner', image, ...program]
  return execa('docker', words, { reject: false, stdin: 'ignore' })
}

/** Who a program is in such a container, and what it may. */
async function identity(...flags: string[]) {
  const status = await docker(flags, ['cat', '/proc/self/status'])
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status.stdout)?.[1]?.replaceAll('\t', ' ')
  const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field)
  return {
    user: field('Uid'),
    group: field('Gid'),
    groups: field('Groups'),
    mayBecomeMore: capabilities.some((set) => set !== '0000000000000000') || field('NoNewPrivs') !== '1',
  }
}

function only(id: number): string {
  return Array(4).fill(id).join(' ')
}

const without = await noDocker()

describe.skipIf(without !== undefined)(`as-cache-owner${without ? ` (skipped: ${without})` : ''}`, () => {
  test('a folder that Docker has just made becomes the image’s user’s', async () => {
    expect(await identity()).toEqual({ user: only(1000), group: only(1000), groups: '', mayBecomeMore: false })
    expect(await stat(cache)).toMatchObject({ uid: 1000, gid: 1000 })
  })

  test('a folder that is somebody’s is written to as that user', async () => {
    await mkdir(cache)
    await giveTo(image, '4242:4343', cache)
    expect(await identity()).toEqual({ user: only(4242), group: only(4343), groups: '', mayBecomeMore: false })
    await docker([], ['touch', '/cache/file'])
    expect(await stat(join(cache, 'file'))).toMatchObject({ uid: 4242, gid: 4343 })
  })

  test('groups that the container was given are kept, those of root are not', async () => {
    expect(await identity('--group-add', '555', '--group-add', '444')).toMatchObject({ groups: '444 555' })
  })

  test('a folder with files of root’s is written to as root without any right but to them', async () => {
    await mkdir(cache)
    await writeFile(join(cache, 'file'), '')
    await giveTo(image, '0:0', cache)
    expect(await identity()).toMatchObject({ user: only(0), mayBecomeMore: false })
    expect(await docker([], ['sh', '-c', 'echo more > /cache/file'])).toMatchObject({ exitCode: 0 })
  })

  test('with --cap-drop ALL a folder that Docker has just made stays root’s, and so does the container', async () => {
    expect(await identity('--cap-drop', 'ALL')).toMatchObject({ user: only(0), mayBecomeMore: false })
    expect(await stat(cache)).toMatchObject({ uid: 0 })
  })

  test('with --cap-drop ALL and a folder that is somebody’s it says as whom to start', async () => {
    await mkdir(cache)
    await giveTo(image, '4242:4343', cache)
    const { exitCode, stderr } = await docker(['--cap-drop', 'ALL'], ['true'])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: expect.stringMatching(/^osrun: \/cache belongs to user 4242.*SETUID.*--user 4242:4343/),
    })
    const user = await identity('--cap-drop', 'ALL', '--user', '4242:4343', '--security-opt', 'no-new-privileges')
    expect(user).toMatchObject({ user: only(4242), group: only(4343), mayBecomeMore: false })
  })

  test('a user that was asked for is not changed', async () => {
    expect(await identity('--user', '4242:4343')).toMatchObject({ user: only(4242), group: only(4343) })
  })

  test('a read-only container has a folder for what is passing', async () => {
    const passing = ['sh', '-c', 'mktemp -d']
    expect((await docker(['--read-only'], passing)).stdout).toMatch(/^\/dev\/shm\//)
    expect((await docker([], passing)).stdout).toMatch(/^\/tmp\//)
  })

  test('a cache folder that cannot be written is named, with its owner and what to do', async () => {
    await mkdir(cache)
    await giveTo(image, '4242:4343', cache)
    const words = ['node', '/opt/osrun/dist/src/cli/main.js', 'ver']
    const { exitCode, stderr } = await docker(['--user', '1234:1234'], words)
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: expect.stringMatching(/HOST_FILE_FAILED: .*user 1234.*\/cache.*user 4242: permission denied\..*--user/),
    })
  })
})
