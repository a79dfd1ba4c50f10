import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Peer } from '../client/peer.ts'
import { createProject } from './project.ts'
import { config, readEvidence, runProject, start, startRoom } from './stand-in-room.ts'

const asksAs = (name: string, command = name) => `
  import { test } from 'vitest-environment-osrun/test'
  test('${name}', async ({ win }) => { await win.run('${command}') })
`
const count = ({ asked }: Pick<Peer, 'asked'>, method: string) => asked.filter((each) => each.method === method).length

describe('a run', () => {
  test('of one shard has machines for its own files only', async () => {
    const files = { 'a.test.ts': asksAs('a'), 'b.test.ts': asksAs('b'), 'c.test.ts': asksAs('c') }
    const first = await runProject(files, {}, '--shard=1/2')
    const second = await runProject(files, {}, '--shard=2/2')
    expect([first.exitCode, second.exitCode]).toEqual([0, 0])
    expect(first.output).toContain('2 passed')
    expect(second.output).toContain('1 passed')
    expect([count(first, 'acquire'), count(second, 'acquire')]).toEqual([2, 1])
  })

  test('that ends at the first failure ends what other files run, and keeps the evidence of the failure', async () => {
    await using peer = await startRoom({})
    await using project = await createProject({
      'vitest.config.ts': config,
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        import { existsSync } from 'node:fs'
        test('fails', async ({ win }) => {
          await expect.poll(() => existsSync('hanging'), { timeout: 20_000 }).toBe(true)
          await win.run('fail')
        })
      `,
      'b.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        import { writeFileSync } from 'node:fs'
        test('hangs', async ({ win }) => {
          const hanging = win.run('hang')
          writeFileSync('hanging', '')
          await hanging
        })
      `,
    })
    const run = start(project, peer, '--bail=1', '--maxWorkers=2')
    expect(await run.ended).toBe(1)
    expect(run.output()).toContain('Command failed with exit code 7: fail')
    await expect.poll(() => peer.sockets.size, { timeout: 10_000 }).toBe(0)
    expect(Object.keys(await readEvidence(project)).join()).toMatch(/a\.test\.ts\/fails-\w+\/report\.txt/)
  })

  test('that repeats a failed test does so on its file’s machine, or with each test isolated on a fresh one', async () => {
    const flaky = `
      import { expect, test } from 'vitest-environment-osrun/test'
      let attempt = 0
      test('passes at last', async ({ win }) => {
        attempt += 1
        await win.run(attempt < 3 ? 'fail' : 'pass')
      })
    `
    const shared = await runProject({ 'a.test.ts': flaky }, {}, '--retry=2')
    expect(shared.output).toContain('1 passed')
    expect([count(shared, 'acquire'), count(shared, 'restore')]).toEqual([1, 0])
    const isolated = { 'vitest.config.ts': config.replace('osrun()', "osrun({ isolate: 'test' })"), 'a.test.ts': flaky }
    const fresh = await runProject(isolated, {}, '--retry=2')
    expect(fresh.output).toContain('1 passed')
    expect([count(fresh, 'acquire'), count(fresh, 'restore')]).toEqual([1, 2])
  })

  test.for(['threads', 'vmThreads'])(
    'whose files share a worker of the pool %s gives each its own machine and evidence',
    async (pool) => {
      const files = { 'a.test.ts': asksAs('a', 'fail a'), 'b.test.ts': asksAs('b', 'fail b'), 'c.test.ts': asksAs('c') }
      const ran = await runProject(files, {}, `--pool=${pool}`, '--no-isolate', '--maxWorkers=1')
      expect(ran.output).toContain('2 failed | 1 passed')
      expect([count(ran, 'acquire'), count(ran, 'release')]).toEqual([3, 3])
      const reports = Object.entries(ran.evidence).filter(([path]) => path.endsWith('report.txt'))
      expect(reports.map(([path, text]) => [path.slice(0, 9), /> fail (\w)/.exec(text)?.[1]])).toEqual([
        ['a.test.ts', 'a'],
        ['b.test.ts', 'b'],
      ])
    },
  )

  test('of some projects only asks nothing for the others', async () => {
    const ran = await runProject(
      {
        'vitest.config.ts': `
          import { osrun } from 'vitest-environment-osrun/plugin'
          const project = (name) => ({ plugins: [osrun({ snapshot: name })], test: { name, include: [name + '/*.test.ts'] } })
          export default { test: { projects: [project('one'), project('two')] } }
        `,
        'one/a.test.ts': asksAs('a'),
        'two/a.test.ts': asksAs('a', 'fail a'),
      },
      {},
      '--project=two',
    )
    expect(ran.output).toContain('1 failed')
    expect(ran.asked.filter(({ method }) => method === 'acquire').map(({ params }) => params['snapshot'])).toEqual([
      'two',
    ])
    expect(Object.keys(ran.evidence).join()).toContain('report.txt')
  })
})

test('in watch mode the machine room stays, and a file that passes again has no evidence any more', async () => {
  await using peer = await startRoom({})
  await using project = await createProject({
    'vitest.config.ts': config,
    'a.test.ts': asksAs('a', 'fail one'),
    'b.test.ts': asksAs('b', 'fail other'),
  })
  const run = start(project, peer, '--watch')
  const evidence = async () => Object.keys(await readEvidence(project)).map((path) => path.split('/')[0])
  try {
    await expect.poll(() => run.output(), { timeout: 30_000 }).toMatch(/Wa\w+ing for file changes/)
    expect(new Set(await evidence())).toEqual(new Set(['a.test.ts', 'b.test.ts']))
    await writeFile(join(project.folder, 'a.test.ts'), asksAs('a'))
    await expect.poll(() => run.output(), { timeout: 30_000 }).toMatch(/RERUN[\s\S]*1 passed/)
    await expect.poll(async () => new Set(await evidence()), { timeout: 10_000 }).toEqual(new Set(['b.test.ts']))
    expect([count(peer, 'hold'), count(peer, 'install'), count(peer, 'acquire')]).toEqual([1, 1, 3])
    await expect.poll(() => count(peer, 'release'), { timeout: 10_000 }).toBe(3)
  } finally {
    process.kill(run.pid, 'SIGTERM')
    await run.ended
  }
})
