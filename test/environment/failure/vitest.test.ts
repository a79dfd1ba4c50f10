import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createProject } from '../project.ts'
import { config, picture, readEvidence, runProject, start, startRoom } from '../stand-in-room.ts'

const failing = `
  import { afterEach, describe, test } from 'vitest-environment-osrun/test'
  afterEach(async () => { await win.mouse.move(1, 1) })
  describe('suite', () => {
    test('fails', async ({ win }) => {
      await win.run('hello')
      await win.run('fail to build', { cwd: 'C:\\\\app' })
    })
    test('passes', async ({ win }) => { await win.run('hello') })
  })
`
const withOptions = (options: string) => config.replace('osrun()', `osrun(${options})`)
/** Of texts with times and hashes, what is the same in each run. */
const constant = (text: string) => text.replace(/\d+\.\d\d s/g, '0.00 s').replace(/-[0-9a-f]{6}\b/g, '-hash')
const keysOf = (evidence: Record<string, string>) => Object.keys(evidence).map(constant)
const reportOf = (evidence: Record<string, string>, part: string) =>
  constant(Object.entries(evidence).find(([path]) => path.includes(part) && path.endsWith('.txt'))?.[1] ?? '')

describe('a test that fails', () => {
  test('leaves its screen, its commands and the machine in a folder, and the reporters say where', async () => {
    const { output, asked, evidence } = await runProject({ 'a.test.ts': failing })
    expect(output).toContain('Command failed with exit code 7: fail to build')
    expect(constant(output)).toContain(
      'Failure screenshot:\n  - .vitest/attachments/osrun/a.test.ts/suite-fails-hash/screen.png',
    )
    expect(constant(output)).toContain(
      ' ❯ a.test.ts:7:17 osrun\n   ↳ last command "fail to build": exit code 7 after 0.00 s; ' +
        'report: .vitest/attachments/osrun/a.test.ts/suite-fails-hash/report.txt; state: osrun replay 1a2b3c4d\n',
    )
    expect(keysOf(evidence)).toEqual(['a.test.ts/suite-fails-hash/report.txt', 'a.test.ts/suite-fails-hash/screen.png'])
    expect(reportOf(evidence, 'fails').replace(/:\d{4,5}\//, ':4000/')).toMatchInlineSnapshot(`
      "test      a.test.ts > suite > fails
      outcome   failed
      error     Command failed with exit code 7: fail to build

                fail to build
      machine   guest wine, snapshot provisioned
      viewer    http://127.0.0.1:4000/machines/m1
      screen    screen.png
      state     osrun replay 1a2b3c4d
      commands  2

      [0.00 s] > hello
      [stdout]
      hello
      [exit code 0 after 0.00 s]

      [0.00 s] in C:\\app > fail to build
      [stdout]
      fail to build
      [exit code 7 after 0.00 s]
      "
    `)
    expect(Object.values(evidence)).toContain(`${Buffer.from(picture.png, 'base64').length} bytes`)
    // The picture is of the failure, not of what hooks left; and there is one.
    const methods = asked.map(({ method }) => method)
    expect(methods.filter((method) => method === 'screenshot' || method === 'mouse')).toEqual([
      ...['screenshot', 'mouse', 'mouse'],
    ])
  })

  test('does so where Vitest has another context for tests', async () => {
    const { asked, evidence, output } = await runProject({ 'a.test.ts': failing }, {}, '--pool=vmForks')
    expect(keysOf(evidence)).toHaveLength(2)
    expect(output).toContain('WinCommandError: Command failed with exit code 7: fail to build')
    expect(asked.map(({ method }) => method).filter((method) => /screenshot|mouse/.test(method))[0]).toBe('screenshot')
  })

  test('does so where files share a worker, and once for each', async () => {
    const files = { 'a.test.ts': failing, 'b.test.ts': failing }
    const { asked, evidence } = await runProject(files, {}, '--no-isolate', '--maxWorkers=1')
    expect(keysOf(evidence)).toHaveLength(4)
    expect(asked.filter(({ method }) => method === 'screenshot')).toHaveLength(2)
  })

  test('shows in the reports of JUnit and GitHub', async () => {
    const flags = ['--reporter=junit', '--reporter=github-actions', '--outputFile.junit=report.xml']
    await using peer = await startRoom({})
    await using project = await createProject({ 'vitest.config.ts': config, 'a.test.ts': failing })
    const run = start(project, peer, ...flags)
    await run.ended
    expect(constant(await readFile(join(project.folder, 'report.xml'), 'utf8'))).toContain(
      '<property name="osrun" value="last command &quot;fail to build&quot;: exit code 7 after 0.00 s; report: ' +
        '.vitest/attachments/osrun/a.test.ts/suite-fails-hash/report.txt; state: osrun replay 1a2b3c4d">',
    )
    expect(constant(stripVTControlCharacters(run.output()))).toMatch(
      /::notice file=.*a\.test\.ts,line=7,column=17,title=osrun::last command "fail to build": exit code 7 after 0.00 s; /,
    )
  })

  test('at its timeout leaves what ran', async () => {
    const { evidence, output } = await runProject({
      'a.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        test('hangs', async ({ win }) => { await win.run('hang') }, 300)
      `,
    })
    expect(output).toContain('Test timed out in 300ms')
    expect(reportOf(evidence, 'hangs')).toContain('[0.00 s] > hang\n[still running after 0.00 s]\n')
    expect(keysOf(evidence)).toContain('a.test.ts/hangs-hash/screen.png')
  })

  test('leaves the evidence of each attempt', async () => {
    const { evidence } = await runProject({
      'a.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        let attempt = 0
        test('is flaky', { retry: 2 }, async ({ win }) => {
          attempt += 1
          await win.run(attempt < 3 ? 'fail ' + attempt : 'pass')
        })
      `,
    })
    expect(keysOf(evidence)).toEqual([
      ...['a.test.ts/is-flaky-hash/report.txt', 'a.test.ts/is-flaky-hash/retry-1/report.txt'],
      ...['a.test.ts/is-flaky-hash/retry-1/screen.png', 'a.test.ts/is-flaky-hash/screen.png'],
    ])
    const second = reportOf(evidence, 'retry-1')
    expect(second).toContain('outcome   failed at retry 1\nerror     Command failed with exit code 7: fail 2\n')
    expect(second).not.toContain('fail 1')
  })

  test('with each test isolated is shown before the next machine comes', async () => {
    const { asked } = await runProject({ 'vitest.config.ts': withOptions("{ isolate: 'test' }"), 'a.test.ts': failing })
    const methods = asked.map(({ method }) => method).filter((method) => /screenshot|restore/.test(method))
    expect(methods).toEqual(['screenshot', 'restore'])
  })

  test('in a hook after it leaves evidence, too', async () => {
    const { evidence } = await runProject({
      'a.test.ts': `
        import { afterEach, test } from 'vitest-environment-osrun/test'
        afterEach(async () => { await win.run('fail to clean') })
        test('passes', async ({ win }) => { await win.run('hello') })
      `,
    })
    expect(reportOf(evidence, 'passes')).toContain('> fail to clean\n')
  })
})

describe('evidence that cannot be had', () => {
  test('for want of a picture says why, and changes nothing of the failure', async () => {
    const { evidence, output } = await runProject(
      { 'a.test.ts': failing },
      {
        screenshot: () => ({
          error: { code: 'MACHINE_CRASHED', message: 'QEMU ended; its last words: out of memory' },
        }),
      },
    )
    expect(output).toContain('WinCommandError: Command failed with exit code 7: fail to build\n\nfail to build\n')
    expect(output).not.toContain('Failure screenshot')
    expect(keysOf(evidence)).toEqual(['a.test.ts/suite-fails-hash/report.txt'])
    expect(reportOf(evidence, 'fails')).toContain('screen    none: QEMU ended; its last words: out of memory\n')
  })

  test('of a machine room that does not answer is not waited for', async () => {
    const { evidence, output } = await runProject({ 'a.test.ts': failing }, { screenshot: () => undefined })
    expect(output).toContain('1 failed | 1 passed')
    expect(reportOf(evidence, 'fails')).toContain('screen    none: it took longer than 5000 ms\n')
  })

  test('for want of a folder says why', async () => {
    const { output } = await runProject({
      'vitest.config.ts': config.replace('plugins', "test: { attachmentsDir: 'package.json' }, plugins"),
      'a.test.ts': failing,
    })
    expect(output).toContain('WinCommandError: Command failed with exit code 7: fail to build')
    expect(output).toMatch(/↳ The evidence of this test is missing: .*package\.json/)
  })
})

describe('the option `artifacts`', () => {
  test.each([
    ['never', []],
    [
      'always',
      [
        ...['a.test.ts/suite-fails-hash/report.txt', 'a.test.ts/suite-fails-hash/screen.png'],
        ...['a.test.ts/suite-passes-hash/report.txt', 'a.test.ts/suite-passes-hash/screen.png'],
      ],
    ],
  ])('%s', async (artifacts, kept) => {
    const { evidence, output } = await runProject({
      'vitest.config.ts': withOptions(`{ artifacts: '${artifacts}' }`),
      'a.test.ts': failing,
    })
    expect(keysOf(evidence)).toEqual(kept)
    expect(output.match(/Failure screenshot:/g)?.length ?? 0).toBe(kept.length === 0 ? 0 : 1)
  })

  test('on-failure is not asked by tests that are meant to fail, nor by those that pass', async () => {
    const { asked, evidence } = await runProject({
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        test.fails('is meant to', async ({ win }) => { await win.run('fail') })
        test('passes', async ({ win }) => { await win.run('hello') })
        test.skip('is skipped', async ({ win }) => { await win.run('fail') })
      `,
    })
    expect(evidence).toEqual({})
    expect(asked.map(({ method }) => method)).not.toContain('screenshot')
  })
})

test('evidence of the last run is gone in the next', async () => {
  await using peer = await startRoom({})
  await using project = await createProject({ 'vitest.config.ts': config, 'a.test.ts': failing })
  await start(project, peer).ended
  expect(keysOf(await readEvidence(project))).toHaveLength(2)
  await start(project, peer, '--testNamePattern=passes').ended
  expect(await readEvidence(project)).toEqual({})
})

test('Ctrl-C, which reaches the workers, too, leaves what the running test had run', async () => {
  await using peer = await startRoom({})
  await using project = await createProject({
    'vitest.config.ts': config,
    'a.test.ts': `
      import { writeFileSync } from 'node:fs'
      import { test } from 'vitest-environment-osrun/test'
      test('hangs', async ({ win }) => {
        await win.run('hello')
        writeFileSync('worker', String(process.pid))
        await win.run('hang')
      })
    `,
  })
  const run = start(project, peer)
  const readWorker = () => readFile(join(project.folder, 'worker'), 'utf8').catch(() => '')
  await expect.poll(readWorker, { timeout: 30_000 }).toMatch(/\d/)
  process.kill(Number(await readWorker()), 'SIGINT')
  await run.ended
  expect(keysOf(await readEvidence(project))).toEqual(['a.test.ts/hangs-hash/report.txt'])
  const report = reportOf(await readEvidence(project), 'hangs')
  expect(report).toContain('outcome   running\n')
  expect(report).toContain('screen    none: the run was interrupted\n')
  expect(report).toContain('> hello\n[stdout]\nhello\n[exit code 0 after 0.00 s]\n')
})
