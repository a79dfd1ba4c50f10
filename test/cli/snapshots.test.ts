import { chmod, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeFolder } from '../../src/snapshots/cache.ts'
import { snapshotKey, writeKeyParts } from '../../src/snapshots/key.ts'
import { Store } from '../../src/snapshots/store.ts'
import { key, makeSnapshot, parts, withoutQemuImg } from '../snapshots/made-snapshot.ts'

let folder: string
let cache: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun snapshots '))
  cache = join(folder, 'cache')
  if (withoutQemuImg === '') {
    await makeSnapshot(cache, 'git', { parent: 'provisioned' })
    await makeSnapshot(cache, 'node', { parent: 'git' })
    await makeSnapshot(cache, 'pnpm', { parent: 'node' })
  }
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

function osrun(...words: string[]) {
  const program = join(process.cwd(), 'src/cli/main.ts')
  return execa(process.execPath, [program, 'snapshots', ...words], {
    ...{ reject: false, stdin: 'ignore', cwd: folder },
    env: { OSRUN_CACHE: cache, OSRUN_ACCEL: 'tcg' },
  })
}

describe.skipIf(withoutQemuImg !== '')(`osrun snapshots${withoutQemuImg}`, () => {
  test('lists all of them with what there is to know, and is what the command does by default', async () => {
    const { stdout, exitCode } = await osrun()
    expect(exitCode).toBe(0)
    const [head, ...rows] = stdout.split('\n')
    expect(head).toMatch(/^GUEST {2}NAME {2}PARENT {7}CREATED {11}SIZE +KEY +THIS HOST$/)
    expect(rows).toEqual([
      expect.stringMatching(/^wine {3}git {3}provisioned {2}2026-01-02 03:04 {2}\d+\.\d KiB {2}[0-9a-f]{8} {2}\S/),
      expect.stringMatching(/^wine {3}node {2}git /),
      expect.stringMatching(/^wine {3}pnpm {2}node /),
    ])
    expect((await osrun('list', '--guest', 'win11')).stdout).toBe(`There are no snapshots in ${cache}.`)
    await mkdir(join(cache, 'docker', 'store'), { recursive: true })
    expect((await osrun()).stderr).toBe(`Snapshots of machines in containers: --cache ${join(cache, 'docker')}`)
  })

  test('lists as JSON, with why this host cannot use them', async () => {
    const listed: object[] = JSON.parse((await osrun('list', '--json')).stdout)
    expect(listed).toHaveLength(3)
    expect(listed[0]).toMatchObject({ guest: 'wine', key, name: 'git', parent: 'provisioned', damaged: false })
    const reasons = [expect.stringMatching(/build of the guest abcdabcdabcdabcd, and here is none|qemu-system-x86_64/)]
    expect(listed[0]).toMatchObject({ reasons: expect.arrayContaining(reasons) })
  })

  test('does not judge by this host what was made in a container', async () => {
    const store = new Store(storeFolder(cache, 'wine', key))
    await rm(join(store.folder, '.key.json'))
    await writeKeyParts(store.folder, parts, true)
    const [listed] = JSON.parse((await osrun('list', '--json')).stdout)
    expect(listed).toMatchObject({ fits: null, reasons: [expect.stringContaining('made in a container')] })
    await rm(join(store.folder, '.key.json'))
    await writeKeyParts(store.folder, parts)
  })

  test('verifies all or some: exit code 1 and the next step where one is damaged', async () => {
    expect((await osrun('verify', 'git', '--seal')).exitCode).toBe(0)
    const { folder: files } = await makeSnapshot(cache, 'hurt')
    await chmod(join(files, 'ram'), 0o644)
    await truncate(join(files, 'ram'), 1)
    const { stdout, exitCode } = await osrun('verify')
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^whole {4}wine\/git \(key [0-9a-f]{16}\)$/m)
    expect(stdout).toMatch(/^damaged {2}wine\/hurt .*\n +ram has 1 bytes in place of 16777216\n +→ (.*)$/m)
    const [, advice = ''] = /→ osrun snapshots (remove hurt .*)$/m.exec(stdout) ?? []
    expect((await osrun('list')).stdout).toMatch(/ hurt .* damaged: see/)
    expect((await osrun(...advice.split(' '))).exitCode).toBe(0)
    expect((await osrun('verify', 'git', 'node')).exitCode).toBe(0)
  })

  test('removes, and names what was made from it', async () => {
    expect((await osrun('remove', 'git')).stdout).toBe('Removed wine/git. Made from it, and still whole: node, pnpm')
    const again = await osrun('remove', 'git')
    expect(again.exitCode).toBe(125)
    expect(again.stderr).toBe(
      `osrun: SNAPSHOT_NOT_FOUND: There is no snapshot "git" in ${cache}. Snapshots: node, pnpm.`,
    )
    expect((await osrun('verify', 'node', 'pnpm')).exitCode).toBe(0)
  })

  test('asks which one is meant where a name is there twice', async () => {
    const other = { ...parts, qemuVersion: '10.1' }
    const store = new Store(storeFolder(cache, 'wine', snapshotKey(other)))
    await writeKeyParts(store.folder, other)
    const node = await new Store(storeFolder(cache, 'wine', key)).get('node')
    const draft = await store.draft()
    await execa('cp', ['--recursive', `${node.folder}/.`, draft.folder])
    await rm(join(draft.folder, 'manifest.json'))
    await draft.publish({ ...node.manifest, key: snapshotKey(other) }, false)
    const refused = await osrun('remove', 'node')
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toContain('BAD_OPTION: Expected one snapshot "node", found 2')
    expect(refused.stderr).toContain(`--guest wine --key ${key}`)
    expect((await osrun('remove', 'node', '--key', snapshotKey(other))).exitCode).toBe(0)
    expect((await osrun('verify', 'node')).exitCode).toBe(0)
  })

  test('exports to a file that is not there yet, or to stdout, and for the owner only', async () => {
    expect((await osrun('export', 'pnpm')).stderr).toMatch(/^Exported wine\/pnpm to pnpm\.osrun\.tar\.zst: \d/)
    const refused = await osrun('export', 'pnpm')
    expect(refused.stderr).toContain('HOST_FILE_FAILED: pnpm.osrun.tar.zst exists already')
    expect(refused.exitCode).toBe(125)
    expect((await osrun('export', 'pnpm', '--replace')).exitCode).toBe(0)
    const program = join(process.cwd(), 'src/cli/main.ts')
    const words = [program, 'snapshots', 'export', 'pnpm', '-', '--cache', cache]
    const piped = await execa(process.execPath, words, { encoding: 'buffer' })
    expect(Buffer.from(piped.stdout)).toEqual(await readFile(join(folder, 'pnpm.osrun.tar.zst')))
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('leaves nothing half done where it is interrupted', async () => {
    const program = join(process.cwd(), 'src/cli/main.ts')
    const child = execa(process.execPath, [program, 'snapshots', 'import', '-', '--cache', cache], { reject: false })
    child.stdin.write((await readFile(join(folder, 'pnpm.osrun.tar.zst'))).subarray(0, 100))
    // Once it catches SIGHUP (bit 0), which Node by itself does not, it is at work.
    const caught = async () =>
      /^SigCgt:\s*[0-9a-f]*[13579bdf]$/m.test(await readFile(`/proc/${child.pid}/status`, 'utf8'))
    await expect.poll(caught, { timeout: 30_000 }).toBe(true)
    child.kill('SIGINT')
    const { exitCode, stderr } = await child
    expect(stderr).toBe('osrun: CANCELED: Interrupted.')
    expect(exitCode).toBe(125)
  })

  test('does not import what this host cannot run, and says why', async () => {
    await osrun('export', 'pnpm', 'other.tar.zst')
    const refused = await osrun('import', 'other.tar.zst', '--name', 'new')
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toContain('osrun: SNAPSHOT_UNUSABLE: Snapshot "pnpm" of guest wine cannot be used')
    await writeFile(join(folder, 'text'), 'no archive')
    const unread = await osrun('import', 'text')
    expect(unread.stderr).toContain('osrun: SNAPSHOT_DAMAGED: text is no whole exported snapshot')
    expect((await osrun('import', 'missing')).stderr).toContain('HOST_FILE_FAILED: missing cannot be read')
    expect((await osrun('list')).stdout).not.toContain('new')
  })

  test.each([[['frobnicate']], [['remove']], [['remove', '../x']], [['list', '--accel', 'xen']]])(
    '%j is refused with exit code 125',
    async (words) => {
      expect((await osrun(...words)).exitCode).toBe(125)
    },
  )
})
