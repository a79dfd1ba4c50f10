import { describe, expect, test } from 'vitest'
import { config, runProject } from '../stand-in-room.ts'

const failing = `
  import { test } from 'vitest-environment-osrun/test'
  test('passes', async ({ win }) => { await win.run('hello') })
  test('fails', async ({ win }) => { await win.run('fail') })
  test('fails, too', async ({ win }) => { await win.run('fail') })
`
const stateOf = (evidence: Record<string, string>, part: string) =>
  /^state {5}(.*)$/m.exec(Object.entries(evidence).find(([path]) => path.includes(part))?.[1] ?? '')?.[1]

describe('the state of a machine in which a test has failed', () => {
  test('is kept once for each file, and every report says which it is', async () => {
    let states = 0
    const save = () => ({ id: `0000000${++states}` })
    const { asked, output, evidence } = await runProject(
      { 'a.test.ts': failing, 'b.test.ts': failing },
      { save },
      '--no-file-parallelism',
    )
    const wishes = asked.flatMap(({ method, params }) => (method === 'save' ? [params] : []))
    expect(wishes).toEqual(
      ['a.test.ts', 'b.test.ts'].map((file) => ({
        file,
        test: 'fails',
        run: expect.stringMatching(/^[0-9a-f-]{36}$/),
      })),
    )
    expect(wishes[0]?.run).toBe(wishes[1]?.run)
    expect([...new Set(output.match(/state: osrun replay \w+/g))]).toEqual([
      'state: osrun replay 00000001',
      'state: osrun replay 00000002',
    ])
    expect(stateOf(evidence, 'a.test.ts/fails-too')).toBe(
      'osrun replay 00000001, as an earlier test of this file left it',
    )
  })

  test('that cannot be kept leaves the rest of the evidence as it is, with the reason', async () => {
    const save = () => ({ error: { code: 'DISK_FULL', message: 'It may need 1.0 GiB, and 0.5 GiB are free.' } })
    const { output, evidence, asked } = await runProject({ 'a.test.ts': failing }, { save })
    expect(output).not.toContain('state:')
    expect(output).toContain('Command failed with exit code 7: fail')
    expect(stateOf(evidence, 'a.test.ts/fails-')).toBe('none: It may need 1.0 GiB, and 0.5 GiB are free.')
    expect(stateOf(evidence, 'a.test.ts/fails-too')).toBe('none: it could not be kept for an earlier test of this file')
    expect(asked.filter(({ method }) => method === 'save')).toHaveLength(1)
  })

  test('is not asked for with `replay: false`', async () => {
    const without = config.replace('osrun()', 'osrun({ replay: false })')
    const { evidence, asked } = await runProject({ 'vitest.config.ts': without, 'a.test.ts': failing })
    expect(asked.filter(({ method }) => method === 'save')).toEqual([])
    expect(stateOf(evidence, 'a.test.ts/fails-')).toBeUndefined()
  })
})
