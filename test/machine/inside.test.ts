import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { defaultCache } from '../../src/runtime/settings.ts'

const cache = defaultCache(process.env)
// The cache is everybody's: the snapshots of this run are removed after it.
const mark = `test${randomBytes(3).toString('hex')}`
/** Milliseconds: a run of Vitest in the guest, under emulation. */
const timeout = 600_000

let folder: string

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'osrun inside ')), mark)
  await cp('examples/inside', folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  await mkdir(join(folder, 'node_modules'))
  for (const name of ['vitest', 'vitest-environment-osrun']) {
    await symlink(join(process.cwd(), 'node_modules', name), join(folder, 'node_modules', name))
  }
})

afterAll(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true })
  for (const key of await readdir(join(cache, 'store/wine'))) {
    const store = join(cache, 'store/wine', key)
    const ours = (await readdir(store)).filter((name) => name.includes(`inside-${mark}`))
    await Promise.all(ours.map((name) => rm(join(store, name), { recursive: true, force: true })))
  }
})

// As on a developer's computer: Vitest writes no new snapshot where it believes to be in CI, and the guest's is told.
const developer = { CI: undefined, CONTINUOUS_INTEGRATION: undefined, GITHUB_ACTIONS: undefined }
const main = join(process.cwd(), 'src/cli/main.ts')
const env = { OSRUN_RUNTIME: 'host', OSRUN_CACHE: cache, NO_COLOR: '1', ...developer }

function start(...given: string[]) {
  return execa(process.execPath, [main, 'test', ...given], { cwd: folder, env, reject: false, stdin: 'ignore' })
}

async function osrun(...given: string[]) {
  const { stdout, stderr, exitCode } = await start(...given)
  return { stdout, stderr, exitCode }
}

test("a suite passes in Windows, from the project's own lockfile", { timeout }, async () => {
  const { stdout, stderr, exitCode } = await osrun()
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr, stdout: exitCode === 0 ? '' : stdout }).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: '',
  })
  expect(stdout).toMatch(/Tests +11 passed/)
  expect(stdout).toContain(folder)
  expect(stderr).toMatch(/Vitest 5\.\S+ is ready in the guest/)
})

test('a suite that is watched gets what was edited, and nothing else; what each run writes comes back', {
  timeout,
}, async () => {
  const edited = `
    import { writeFileSync } from 'node:fs'
    import { expect, test } from 'vitest'
    test('writes', () => {
      writeFileSync('made in windows.txt', process.platform)
      expect(process.platform).toMatchInlineSnapshot()
    })
  `
  const file = join(folder, 'test/edited.test.js')
  await writeFile(file, edited)
  const watching = start('--watch', 'edited', '-t', 'writes')
  let said = ''
  for (const stream of [watching.stdout, watching.stderr]) {
    stream?.on('data', (piece) => {
      said += piece
    })
  }
  // Sooner than the test's own end, so that what was said is seen.
  const heard = (words: RegExp) => vi.waitFor(() => expect(said).toMatch(words), timeout / 4)
  try {
    await heard(/Tests +1 passed/)
    await heard(/written by the suite: made in windows\.txt, test\/edited\.test\.js \(/)
    expect(said).toMatch(/1 file sent \(/)
    expect(said).not.toContain('is ready in the guest')
    expect(await readFile(join(folder, 'made in windows.txt'), 'utf8')).toBe('win32')
    const written = await readFile(file, 'utf8')
    expect(written).toContain('toMatchInlineSnapshot(`"win32"`)')

    said = ''
    await writeFile(file, written.replace('made in windows.txt', 'made again.txt'))
    await heard(/RERUN +test\/edited.test.js/)
    await heard(/Tests +1 passed/)
    await heard(/written by the suite: made again\.txt \(/)
    expect(said.match(/\d+ files? sent/g)).toEqual(['1 file sent'])
  } finally {
    watching.kill('SIGINT')
  }
  expect((await watching).exitCode).toBe(130)
})

test('beside a run here, a bug that only Windows has is plain, in the file of this computer; a test sees its screen', {
  timeout,
}, async () => {
  const kept = `inside-${mark}-kept`
  const inside = `
    import { expect } from 'vitest'
    import { test } from 'vitest-environment-osrun/inside'
    test('sees the desktop it runs in', async ({ win }) => {
      const { width, height } = await win.screenshot({ path: 'test-results/desktop.png' })
      expect(width / height).toBeGreaterThan(1)
      await win.mouse.move(10, 10)
      await win.keyboard.press('Escape')
      await win.run('echo kept> C:\\\\kept.txt')
      expect(await win.snapshot('${kept}')).toMatchObject({ name: '${kept}', guest: 'wine' })
      await expect(win.snapshot('${kept}')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' })
      await expect(win.snapshot('No Name')).rejects.toMatchObject({ code: 'BAD_NAME' })
      expect((await win.run('echo seen')).stdout).toBe('seen')
    })
  `
  await writeFile(join(folder, 'bug/screen.test.js'), inside)
  const reporting = ['--reporter=junit', '--reporter=default', '--outputFile.junit=out.xml']
  const { stdout, stderr, exitCode } = await osrun('--side-by-side', '--dir', 'bug', ...reporting)
  const said = stdout + stderr
  expect(said).toMatch(/Tests +1 failed \| 2 passed \| 1 skipped \(4\)/)
  expect(exitCode).toBe(1)
  expect(said).toContain('FAIL  |windows| bug/joined-path.test.js > a route has slashes')
  expect(said).toContain("expected '\\docs\\start' to be '/docs/start'")
  expect(said).toMatch(/❯ bug\/joined-path\.test\.js:10:36/)
  expect(said).toContain("toBe('/docs/start')")
  expect(said).toMatch(/Fails in windows only:\n {2}bug\/joined-path\.test\.js > a route has slashes$/m)
  expect(said).not.toContain('Fails in linux only')
  expect(await readFile(join(folder, 'out.xml'), 'utf8')).toContain('bug/joined-path.test.js')
  expect(PNG.sync.read(await readFile(join(folder, 'test-results/desktop.png'))).width).toBeGreaterThan(100)

  // In what was kept of that machine the suite is no more; its files and what tests have made are.
  const command = ['--use-snapshot', kept, 'type C:\\kept.txt & dir /b C:\\inside']
  const after = await execa(process.execPath, [main, ...command], { env })
  expect(after.stdout).toMatch(/^kept\r?\n/)
  expect(after.stdout).toContain(mark)
})
