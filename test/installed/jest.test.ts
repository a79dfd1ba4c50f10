import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import type { Answers } from '../client/peer.ts'
import { token } from '../client/peer.ts'
import { picture, readEvidence, startRoom } from '../environment/stand-in-room.ts'
import { unpackProject } from './project.ts'

// Jest itself and the package as it is built; a machine room that stands in for a real one.
const repository = fileURLToPath(new URL('../..', import.meta.url))
const reference = '__screenshots__/a.test.js/desktop-wine.png'
const config = {
  testEnvironment: 'vitest-environment-osrun/jest',
  globalSetup: 'vitest-environment-osrun/jest/global-setup',
  globalTeardown: 'vitest-environment-osrun/jest/global-teardown',
}

async function runJest(
  files: Record<string, string | Uint8Array>,
  answers: Answers = {},
  more: object = {},
  ...flags: string[]
) {
  await using peer = await startRoom(answers)
  const folder = await mkdtemp(join(tmpdir(), 'osrun jest '))
  try {
    await mkdir(join(folder, 'node_modules'))
    await symlink(join(repository, 'package'), join(folder, 'node_modules/vitest-environment-osrun'))
    for (const [path, text] of Object.entries({
      'package.json': '{}',
      'jest.config.json': JSON.stringify({ ...config, ...more }),
      ...files,
    })) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const ended = await execa(
      process.execPath,
      [join(repository, 'node_modules/jest/bin/jest.js'), '--ci', '--config=jest.config.json', ...flags],
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder, OSRUN_URL: peer.url, OSRUN_TOKEN: token, NO_COLOR: '1' },
        ...{ extendEnv: false, all: true, reject: false, stdin: 'ignore' },
      },
    )
    const { exitCode, all: output } = ended
    const written = await readFile(join(folder, reference)).catch(() => undefined)
    return { exitCode, output, written, asked: peer.asked, evidence: await readEvidence({ folder }, '.osrun/failures') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const methods = (asked: readonly { method: string }[]) => asked.map(({ method }) => method)

describe('a test file', () => {
  test('has its machine as the global `win`, gives it back, and has time for slow commands', async () => {
    const { exitCode, output, asked } = await runJest({
      'a.test.js': `
        beforeAll(async () => { await win.run('before') })
        test('runs', async () => {
          const { stdout } = await win.run('hello')
          expect(stdout).toBe('hello')
          expect(win.snapshotName).toBe('provisioned')
        })
        test('takes longer than Jest’s five seconds', async () => { await new Promise((done) => setTimeout(done, 5500)) })
      `,
      'b.test.js': `test('is another', async () => { expect((await win.run('there')).stdout).toBe('there') })`,
    })
    expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' })
    expect(methods(asked).filter((method) => method === 'acquire')).toHaveLength(2)
    expect(output).not.toContain('did not exit')
  })
})

describe('options', () => {
  const snapshots = (asked: readonly { method: string; params: Record<string, unknown> }[]) =>
    asked.filter(({ method }) => method === 'acquire').map(({ params }) => params['snapshot'])
  const options = { testEnvironmentOptions: { osrun: { snapshot: 'from-config', clock: 'frozen' } } }
  const passing = `test('passes', () => {})`
  // Put together here: Vitest looks for docblocks anywhere in a file, and would find them in this one.
  const docblock = (text: string, pragma = 'environment-options') => `/** @jest-${pragma} ${text} */\n${passing}`

  test('of a docblock go before those of the config, which hold besides', async () => {
    const { exitCode, asked } = await runJest(
      {
        'a.test.js': docblock('{"osrun": {"snapshot": "from-docblock"}}'),
        'b.test.js': docblock('{"snapshot": "from-docblock"}'),
        'c.test.js': passing,
      },
      {},
      options,
    )
    expect(exitCode).toBe(0)
    expect(snapshots(asked).sort()).toEqual(['from-config', 'from-docblock', 'from-docblock'])
    expect(asked.filter(({ method }) => method === 'acquire').map(({ params }) => params['clock'])).toEqual([
      'frozen',
      'frozen',
      'frozen',
    ])
  })

  test('are each project’s own where there are several, with one machine room', async () => {
    const project = (name: string) => ({
      ...{ ...config, displayName: name, rootDir: `<rootDir>/${name}` },
      testEnvironmentOptions: { osrun: { snapshot: name } },
    })
    const { exitCode, output, asked } = await runJest(
      { 'one/a.test.js': passing, 'two/a.test.js': docblock('{"clock": "frozen"}') },
      {},
      { projects: [project('one'), project('two')] },
    )
    expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' })
    expect(snapshots(asked).sort()).toEqual(['one', 'two'])
    expect(methods(asked).filter((method) => method === 'hold')).toHaveLength(1)
  })

  test('that are wrong are named, in the config before anything starts', async () => {
    const wrong = { testEnvironmentOptions: { osrun: { snapshto: 'x' } } }
    const { exitCode, output, asked } = await runJest({ 'a.test.js': passing }, {}, wrong)
    expect(exitCode).not.toBe(0)
    expect(output).toContain('testEnvironmentOptions.osrun of the Jest config')
    expect(output).toContain('snapshto')
    expect(asked).toEqual([])
    const inDocblock = await runJest({ 'a.test.js': docblock('{"machines": 2}') })
    expect(inDocblock.exitCode).toBe(1)
    expect(inDocblock.output).toContain('the docblock of this file')
  })

  test('isolate: a fresh machine for each test but the first, and again for a retry', async () => {
    const { asked, output } = await runJest(
      {
        'a.test.js': `
          jest.retryTimes(1)
          test.skip('is left out', () => {})
          test('one', () => {})
          test('two', () => { throw new Error('no') })
        `,
      },
      {},
      { testEnvironmentOptions: { osrun: { isolate: 'test' } } },
    )
    expect(output).toContain('1 failed, 1 skipped, 1 passed')
    expect(methods(asked).filter((method) => method === 'restore')).toHaveLength(2)
  })

  test('recipes are built before the first file, which starts from theirs', async () => {
    const templates = [{ name: 'provisioned', id: '0000000000000000' }] as { name: string; id: string }[]
    const answers: Answers = {
      templates: () => templates,
      claim: () => null,
      keep: () => null,
      snapshot: ({ name, recipe }) => {
        templates.push({ name, id: '1111111111111111', recipe } as never)
        return { name, guest: 'wine', createdAt: '2026-01-02T03:04:05.000Z', size: 1 }
      },
    }
    const { exitCode, asked, output } = await runJest(
      {
        'git.setup.ts': `
          import type { Win } from 'vitest-environment-osrun/client'
          import { tool } from './tool.ts'
          export default async (win: Win): Promise<void> => { await win.run(tool) }
        `,
        'tool.ts': `export const tool: string = 'make'`,
        'a.test.js': `test('is in', () => { expect(win.snapshotName).toBe('git') })`,
      },
      answers,
      { testEnvironmentOptions: { osrun: { snapshot: 'git', snapshots: { git: { setup: './git.setup.ts' } } } } },
    )
    expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' })
    expect(output).toContain('osrun: snapshot git: building (./git.setup.ts)')
    const [stored] = templates.slice(1).map(({ name }) => name)
    expect(stored).toMatch(/^git-[0-9a-f]+$/)
    expect(snapshots(asked).at(-1)).toBe(stored)
  })
})

describe('a failure', () => {
  const failing = `
    describe('suite', () => {
      afterEach(async () => { await win.run('clean up') })
      test('fails', async () => {
        await win.run('hello')
        await win.run('fail to build', { cwd: 'C:\\\\app' })
      })
    })
  `

  test('says what failed, where, and where the screen and the report are', async () => {
    const { exitCode, output, evidence } = await runJest({ 'a.test.js': failing })
    expect(exitCode).toBe(1)
    const folder = Object.keys(evidence)[0]?.split('/').slice(0, 2).join('/')
    expect(
      withoutTimes(output).split('\n').slice(0, 24).join('\n').replaceAll(String(folder), 'a.test.js/FOLDER'),
    ).toMatchInlineSnapshot(`
      "osrun: guest wine is ready; accelerator tcg, machines at once: 2 (0 ms)
      FAIL ./a.test.js
        suite
          ✕ fails (0 ms)

        ● suite › fails

          WinCommandError: Command failed with exit code 7: fail to build

          fail to build

          osrun: screen .osrun/failures/a.test.js/FOLDER/screen.png
          osrun: last command "fail to build": exit code 7 after 0.00 s; report: .osrun/failures/a.test.js/FOLDER/report.txt; state: osrun replay 1a2b3c4d

            4 |       test('fails', async () => {
            5 |         await win.run('hello')
          > 6 |         await win.run('fail to build', { cwd: 'C:\\\\app' })
              |                   ^
            7 |       })
            8 |     })
            9 |   

            at Object.run (a.test.js:6:19)
      "
    `)
    expect(Object.keys(evidence).map((path) => path.split('/').at(-1))).toEqual(['report.txt', 'screen.png'])
    const report = withoutTimes(evidence[`${folder}/report.txt`])
    expect(report).toContain('test      a.test.js > suite > fails\noutcome   failed')
    expect(report).toContain('[0.00 s] in C:\\app > fail to build')
    expect(report).not.toContain('clean up')
  })

  test('with `artifacts: never` leaves nothing, and with `always` a test that passes leaves something', async () => {
    const withArtifacts = (artifacts: string) => ({ testEnvironmentOptions: { osrun: { artifacts } } })
    expect((await runJest({ 'a.test.js': failing }, {}, withArtifacts('never'))).evidence).toEqual({})
    const passing = `test('passes', async () => { await win.run('hello') })`
    const { evidence } = await runJest({ 'a.test.js': passing }, {}, withArtifacts('always'))
    expect(Object.values(evidence).join()).toContain('outcome   passed')
  })

  test('by the time limit ends what the test was running', async () => {
    const { output, evidence } = await runJest({
      'a.test.js': `
        let hanging
        test('hangs', async () => { hanging = win.run('hang').catch((error) => error); await hanging }, 2000)
        test('goes on', async () => {
          expect((await hanging).isCanceled).toBe(true)
          expect((await win.run('next')).stdout).toBe('next')
        })
      `,
    })
    expect(output).toContain('Exceeded timeout of 2000 ms for a test')
    expect(output).toContain('1 failed, 1 passed')
    expect(Object.values(evidence).join()).toContain('> hang')
  })

  test('to get a machine is the file’s, with the reason', async () => {
    const error = { code: 'SNAPSHOT_NOT_FOUND', message: 'There is no snapshot "provisioned".' }
    const { exitCode, output } = await runJest(
      { 'a.test.js': `test('never runs', () => {})` },
      { acquire: () => ({ error }) },
    )
    expect(exitCode).toBe(1)
    expect(output).toContain('Test suite failed to run')
    expect(output).toContain(error.message)
  })

  test('of the restore for a test is that test’s', async () => {
    const error = { code: 'RESTORE_FAILED', message: 'The snapshot is broken.' }
    const { output } = await runJest(
      { 'a.test.js': `test('one', () => {})\ntest('two', () => {})` },
      { restore: () => ({ error }) },
      { testEnvironmentOptions: { osrun: { isolate: 'test' } } },
    )
    expect(output).toContain('The snapshot is broken.')
    expect(output).toContain('1 failed, 1 passed')
  })
})

test('the matchers are there, and say what they found', async () => {
  const { exitCode, output } = await runJest({
    'a.test.js': `
      test('passes', async () => {
        expect(await win.run('fail', { reject: false })).toExitWith(7)
        await expect(expect(win).toHaveFile('C:\\\\a.txt', { content: 7 })).rejects.toThrow('text or a RegExp')
      })
      test('fails', async () => { expect(await win.run('hello')).toExitWith(7) })
    `,
  })
  expect(exitCode).toBe(1)
  expect(output).toContain('1 failed, 1 passed')
  expect(output).toMatch(/exit code|exited with/)
})

describe('toMatchScreen', () => {
  const looks = { 'a.test.js': `test('looks right', () => expect(win).toMatchScreen('desktop', { timeout: 0 }))` }
  const black = Buffer.from(picture.png, 'base64')
  const white = PNG.sync.write(Object.assign(new PNG({ width: 1, height: 1 }), { data: Buffer.alloc(4, 255) }))

  test('compares the screen with the reference, and keeps what differs with the test’s evidence', async () => {
    expect(await runJest({ ...looks, [reference]: black })).toMatchObject({ exitCode: 0 })
    const { exitCode, output, evidence } = await runJest({ ...looks, [reference]: white })
    expect(exitCode).toBe(1)
    const folder = /\.osrun\/failures\/(a\.test\.js\/looks-right-\w+)/.exec(output)?.[1]
    expect(output).toContain(
      `expected the screen to match ${reference}: 1 pixels differ\n\n    reference: ${reference}\n` +
        `    actual: .osrun/failures/${folder}/desktop-actual.png\n    diff: .osrun/failures/${folder}/desktop-diff.png\n`,
    )
    expect(Object.keys(evidence).sort()).toEqual(
      ['desktop-actual.png', 'desktop-diff.png', 'report.txt', 'screen.png'].map((name) => `${folder}/${name}`),
    )
  })

  test('writes the reference where Jest writes snapshots', async () => {
    const onCi = await runJest(looks)
    expect(onCi.output).toContain(`there is no reference ${reference} to compare the screen with`)
    expect(onCi.output).toContain('not on CI, or with --updateSnapshot')
    expect(onCi.written).toBeUndefined()
    expect(await runJest(looks, {}, {}, '--ci=false')).toMatchObject({ exitCode: 1, written: black })
    expect(await runJest({ ...looks, [reference]: white }, {}, {}, '-u')).toMatchObject({ exitCode: 0, written: black })
  })
})

test.each([
  { whose: '@jest/globals', imported: "import { expect, test } from '@jest/globals'", types: 'node' },
  { whose: '@types/jest', imported: '', types: 'node,jest' },
])('types are there for who has $whose and no Vitest, without `skipLibCheck`', async ({ imported, types }) => {
  await using project = await unpackProject(['vitest'])
  const program = `
    ${imported}
    import { type OsrunServer, startServer } from 'vitest-environment-osrun/client'
    import type {} from 'vitest-environment-osrun/jest'
    test('typed', async () => {
      const result = await win.run('ver', { timeout: 1000 })
      const text: string = result.stdout
      expect(result).toExitWith(0)
      await expect(win).toHaveFile('C:\\\\app.ini', { content: /^port/ })
      await expect(win).not.toHaveRegistryValue('HKCU\\\\App', 'Version', text)
      await expect(win).toMatchScreen('desktop', { masks: [{ x: 0, y: 0, width: 1, height: 1 }] })
      // @ts-expect-error -- a path
      await expect(win).toHaveFile(7)
    })
    export const start: () => Promise<OsrunServer> = startServer
  `
  await writeFile(join(project.folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project.folder, 'a.test.ts'), program)
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
  const libraries = ['--lib', 'es2024,esnext.disposable', '--types', types]
  const { stdout } = await execa('tsc', [...flags, ...libraries, 'a.test.ts'], {
    ...{ cwd: project.folder, preferLocal: true, localDir: repository, reject: false },
  })
  expect(stdout).toBe('')
})

function withoutTimes(text: string | undefined): string {
  return (text ?? '').replace(/\d+\.\d\d s/g, '0.00 s').replace(/\(\d+(\.\d+)? m?s\)/g, '(0 ms)')
}
