import { describe, expect, test } from 'vitest'
import { createProject } from './project.ts'
import { config, runProject, start, startRoom } from './stand-in-room.ts'

// Put together here: Vitest looks for docblocks anywhere in a file, and would find them in this one.
const docblock = (name: string, value: string) => `// @vitest-${name} ${value}`

const passing = `
  import { expect, test } from 'vitest-environment-osrun/test'
  test('runs', async ({ win }) => { expect((await win.run('hello')).stdout).toBe('hello') })
`

describe('a test file', () => {
  test('gets its machine as a fixture and as a global, and gives it back', async () => {
    const { exitCode, output, asked } = await runProject({
      'a.test.ts': `
        import { afterAll, beforeAll, describe, expect, it, test } from 'vitest-environment-osrun/test'
        beforeAll(async () => { await win.run('before all') })
        test('by fixture', async ({ win }) => {
          expect((await win.run('hello')).stdout).toBe('hello')
          expect(win.snapshotName).toBe('provisioned')
        })
        describe('nested', () => { it('is the same', ({ win: own }) => { expect(own).toBe(win) }) })
        afterAll(async () => { await win.run('after all') })
      `,
      'b.test.ts': `
        import { expect, test } from 'vitest'
        test('by global', async () => { expect((await win.run('hello')).stdout).toBe('hello') })
      `,
    })
    expect(output).toContain('3 passed')
    expect(exitCode).toBe(0)
    const methods = asked.map(({ method }) => method)
    expect(methods.filter((method) => method === 'acquire')).toHaveLength(2)
    expect(methods.filter((method) => method === 'release')).toHaveLength(2)
    expect(methods.filter((method) => method === 'restore')).toHaveLength(0)
  })

  test('is named to the machine room as who has the machine', async () => {
    const { asked } = await runProject({ 'deep/a.test.ts': passing, 'b.test.ts': passing })
    const labels = asked.filter(({ method }) => method === 'label').map(({ params }) => params)
    expect(labels).toHaveLength(2)
    expect(labels).toEqual(expect.arrayContaining([{ label: 'deep/a.test.ts' }, { label: 'b.test.ts' }]))
  })

  test('that fails shows the command, its output and the line of the test', async () => {
    const { exitCode, output } = await runProject({
      'a.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        test('fails', async ({ win }) => {
          await win.run('fail to build')
        })
      `,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('WinCommandError: Command failed with exit code 7: fail to build\n\nfail to build\n')
    expect(output).toContain('❯ a.test.ts:4:21')
    expect(output).toMatch(/> *4\|.*win\.run\('fail to build'\)|4\|.*win\.run\('fail to build'\)\n.*\^/)
    expect(output).not.toContain('src/client')
  })

  test('whose machine cannot be had fails, and is counted', async () => {
    const { exitCode, output, report } = await runProject(
      { 'a.test.ts': passing, 'b.test.ts': passing },
      { acquire: () => ({ error: { code: 'SNAPSHOT_NOT_FOUND', message: 'No snapshot "provisioned".' } }) },
      '--reporter=json',
      '--outputFile=report.json',
    )
    expect(exitCode).toBe(1)
    expect(output).toContain('OsrunError: No snapshot "provisioned".')
    expect(JSON.parse(report)).toMatchObject({ numFailedTestSuites: 2, numPassedTests: 0, success: false })
  })

  test('of another environment is told how to get a machine', async () => {
    const { exitCode, output, asked } = await runProject({
      'a.test.ts': `${docblock('environment', 'node')}\n${passing}`,
      'b.test.ts': `${docblock('environment', 'node')}
        import { expect, test } from 'vitest'
        test('needs no machine', () => { expect(1).toBe(1) })
      `,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('1 passed')
    expect(output).toContain(`put \`${docblock('environment', 'osrun')}\` on top of it`)
    expect(asked.map(({ method }) => method)).not.toContain('acquire')
  })

  test('gets a fresh machine where Vitest lets files share a worker', async () => {
    const { exitCode, asked } = await runProject(
      { 'a.test.ts': passing, 'b.test.ts': passing, 'c.test.ts': passing },
      {},
      '--no-isolate',
      '--maxWorkers=1',
    )
    expect(exitCode).toBe(0)
    expect(asked.filter(({ method }) => method === 'acquire')).toHaveLength(3)
    expect(asked.filter(({ method }) => method === 'release')).toHaveLength(3)
  })

  test.for(['forks', 'threads', 'vmForks', 'vmThreads'])('runs in the pool %s', async (pool) => {
    const { exitCode, output } = await runProject({ 'a.test.ts': passing, 'b.test.ts': passing }, {}, `--pool=${pool}`)
    expect(output).toContain('2 passed')
    expect(exitCode).toBe(0)
  })
})

describe('options', () => {
  const withOptions = `
    import { osrun } from 'vitest-environment-osrun/plugin'
    export default { plugins: [osrun({ snapshot: 'git', clock: 'frozen' })] }
  `

  test('of a docblock go before those of the config, and only those it names', async () => {
    const { exitCode, output, asked } = await runProject({
      'vitest.config.ts': withOptions,
      'a.test.ts': `${docblock('environment-options', '{"osrun": {"snapshot": "office"}}')}\n${passing}`,
      'b.test.ts': `${docblock('environment-options', '{"network": "internet"}')}\n${passing}`,
      'c.test.ts': passing,
    })
    expect(output).toContain('3 passed')
    expect(exitCode).toBe(0)
    const acquired = asked.filter(({ method }) => method === 'acquire').map(({ params }) => params)
    const common = { guest: 'wine', clock: 'frozen', label: expect.any(String) }
    expect(acquired).toHaveLength(3)
    expect(acquired).toContainEqual({ ...common, snapshot: 'office', network: 'isolated' })
    expect(acquired).toContainEqual({ ...common, snapshot: 'git', network: 'internet' })
    expect(acquired).toContainEqual({ ...common, snapshot: 'git', network: 'isolated' })
  })

  test('that a docblock cannot have fail the file, by name', async () => {
    const { exitCode, output } = await runProject({
      'a.test.ts': `${docblock('environment-options', '{"snapshto": "office"}')}\n${passing}`,
      'b.test.ts': `${docblock('environment-options', '{"runtime": "docker"}')}\n${passing}`,
      'c.test.ts': `${docblock('environment-options', '{"clock": "fast"}')}\n${passing}`,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('Unknown option `snapshto` in the docblock of this file')
    expect(output).toContain('Unknown option `runtime` in the docblock of this file')
    expect(output).toContain('option `clock` in the docblock of this file')
    expect(output).toContain('to be "sync" or "frozen", got "fast"')
  })

  test('of the plugin are checked before anything starts', async () => {
    const { exitCode, output, asked } = await runProject({
      'vitest.config.ts': withOptions.replace("'frozen'", "'frozen', machines: 0"),
      'a.test.ts': passing,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain(
      'Expected the option `machines` in the options of the osrun plugin to be a whole number from 1 to 256, got 0',
    )
    expect(asked).toEqual([])
  })

  test('that the user’s config has go before the plugin’s', async () => {
    const { output } = await runProject({
      'vitest.config.ts': `
        import { osrun } from 'vitest-environment-osrun/plugin'
        export default { plugins: [osrun()], test: { testTimeout: 50, setupFiles: './own.ts' } }
      `,
      'own.ts': `globalThis.own = 'loaded'`,
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        test('has own setup files, too', ({ win }) => { expect(globalThis.own).toBe('loaded') })
        test('hangs', async ({ win }) => { await win.run('hang') })
      `,
    })
    expect(output).toContain('Test timed out in 50ms')
    expect(output).toContain('1 failed | 1 passed')
  })

  test('can be written by hand, without the plugin', async () => {
    const { exitCode, output } = await runProject({
      'vitest.config.ts': `
        export default { test: {
          environment: 'osrun', environmentOptions: { osrun: { snapshot: 'git' } },
          globalSetup: ['vitest-environment-osrun/global-setup'], setupFiles: ['vitest-environment-osrun/setup'],
        } }
      `,
      'a.test.ts': passing,
    })
    expect(output).toContain('1 passed')
    expect(exitCode).toBe(0)
  })
})

describe('a test', () => {
  test('that times out ends what it runs in the guest; the next one goes on', async () => {
    const { output } = await runProject({
      'a.test.ts': `
        import { afterEach, expect, test } from 'vitest-environment-osrun/test'
        afterEach(async () => { await win.run('clean up') })
        test('hangs', async ({ win }) => { globalThis.hung = win.run('hang', { reject: false }); await globalThis.hung }, 300)
        test('goes on', async ({ win }) => {
          expect(await globalThis.hung).toMatchObject({ isCanceled: true, isTerminated: true })
          expect((await win.run('hello')).exitCode).toBe(0)
        })
      `,
    })
    expect(output).toContain('Test timed out in 300ms')
    expect(output).toContain('1 failed | 1 passed')
  })

  test('that times out ends only its own commands', async () => {
    const { output } = await runProject({
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        let hung
        test.concurrent('hangs', async ({ win }) => { hung = win.run('hang', { reject: false }); await hung }, 300)
        test.concurrent('waits', async ({ win }) => {
          const own = win.run('hang', { reject: false, timeout: 900 })
          expect(await own).toMatchObject({ timedOut: true, isCanceled: false })
          expect(await hung).toMatchObject({ isCanceled: true })
        })
      `,
    })
    expect(output).toContain('1 failed | 1 passed')
  })

  test('gets a fresh machine where each test is isolated', async () => {
    const { exitCode, asked } = await runProject({
      'vitest.config.ts': config.replace('osrun()', "osrun({ isolate: 'test' })"),
      'a.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        for (const name of ['one', 'two', 'three']) { test(name, async ({ win }) => { await win.run(name) }) }
      `,
    })
    expect(exitCode).toBe(0)
    expect(asked.filter(({ method }) => method === 'acquire')).toHaveLength(1)
    expect(asked.filter(({ method }) => method === 'restore').map(({ params }) => params)).toEqual([
      { snapshot: 'provisioned' },
      { snapshot: 'provisioned' },
    ])
  })

  test('that is isolated cannot run at the same time as another', async () => {
    const { exitCode, output } = await runProject({
      'a.test.ts': `${docblock('environment-options', '{"isolate": "test"}')}
        import { test } from 'vitest-environment-osrun/test'
        test.concurrent('one', async ({ win }) => { await win.run('hello') })
        test.concurrent('two', async ({ win }) => { await win.run('hello') })
      `,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('needs tests in sequence')
  })
})

describe('the global setup', () => {
  test('makes the guest ready before the first file, and tells how far it is', async () => {
    const { exitCode, output, asked } = await runProject(
      { 'vitest.config.ts': config.replace('osrun()', "osrun({ guest: 'win11' })"), 'a.test.ts': passing },
      {
        install: (_, socket) => {
          for (const percent of [0, 1, 50, 51, 100]) {
            socket.send(JSON.stringify({ event: 'progress', phase: 'guest win11: unpacking', percent }))
          }
          return { built: true }
        },
      },
    )
    expect(exitCode).toBe(0)
    expect(asked.map(({ method }) => method).slice(0, 3)).toEqual(['hold', 'status', 'install'])
    expect(asked.find(({ method }) => method === 'install')?.params).toEqual({ guest: 'win11' })
    const lines = output.split('\n').filter((line) => line.startsWith('osrun: '))
    expect(lines.map((line) => line.replace(/ \([^)]+\)$/, ''))).toEqual([
      'osrun: guest win11: unpacking',
      'osrun: guest win11 is ready; accelerator tcg, machines at once: 2',
    ])
  })

  test('that fails ends the run with its error', async () => {
    const { exitCode, output } = await runProject(
      { 'a.test.ts': passing },
      { install: () => ({ error: { code: 'DISK_FULL', message: '5 GiB are needed in /cache, 1 GiB is free.' } }) },
    )
    expect(exitCode).toBe(1)
    expect(output).toContain('OsrunError: 5 GiB are needed in /cache, 1 GiB is free.')
  })

  test('serves all projects of a run with one machine room', async () => {
    const { exitCode, output, asked } = await runProject({
      'vitest.config.ts': `
        import { osrun } from 'vitest-environment-osrun/plugin'
        const project = (name, guest) => ({
          plugins: [osrun({ guest })], test: { name, include: [name + '.test.ts'], sequence: { groupOrder: 1 } },
        })
        export default { test: { projects: [
          project('a', 'wine'), project('b', 'win11'),
          { test: { name: 'c', include: ['c.test.ts'] } },
        ] } }
      `,
      'a.test.ts': passing,
      'b.test.ts': passing,
      'c.test.ts': `import { test } from 'vitest'; test('needs no machine', () => {})`,
    })
    expect(output).toContain('3 passed')
    expect(exitCode).toBe(0)
    expect(asked.filter(({ method }) => method === 'hold')).toHaveLength(1)
    const installed = asked.filter(({ method }) => method === 'install').map(({ params }) => params.guest)
    expect(new Set(installed)).toEqual(new Set(['wine', 'win11']))
    const acquired = asked.filter(({ method }) => method === 'acquire').map(({ params }) => params.guest)
    expect(acquired.sort()).toEqual(['win11', 'wine'])
  })
})

test.for(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  '%s in the middle of a run leaves no machine in use',
  async (signal) => {
    await using peer = await startRoom({})
    await using project = await createProject({
      'vitest.config.ts': config,
      'a.test.ts': `
      import { test } from 'vitest-environment-osrun/test'
      test('hangs', async ({ win }) => { await win.run('hang') })
    `,
    })
    const run = start(project, peer)
    await expect.poll(() => peer.sockets.size, { timeout: 20_000 }).toBe(2)
    process.kill(run.pid, signal)
    await run.ended
    await expect.poll(() => peer.sockets.size, { timeout: 10_000 }).toBe(0)
  },
)
