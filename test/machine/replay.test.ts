import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { defaultCache } from '../../src/runtime/settings.ts'
import { createProject } from '../environment/project.ts'
import { cmdPrompt, hear } from './hear.ts'

const config = `
  import { osrun } from 'vitest-environment-osrun/plugin'
  export default { plugins: [osrun({ standbys: 0, machines: 1 })], test: { testTimeout: 300_000 } }
`
// The program belongs to a command that has not ended.
const failing = `
  import { expect, test } from 'vitest-environment-osrun/test'

  let editor
  test('fails', async ({ win }) => {
    await win.writeFile('C:\\\\left.txt', 'by the test')
    editor = win.spawn(['notepad', 'C:\\\\left.txt'])
    await editor.pid
    expect('what came').toBe('what was expected')
  })

  test('goes on with what it had', async ({ win }) => {
    await win.remove('C:\\\\left.txt')
    await editor.kill()
    expect((await editor.then(undefined, (error) => error)).isTerminated).toBe(true)
    expect('fails, too').toBe('')
  })
`
const main = 'src/cli/main.ts'
const runtime = process.env['OSRUN_RUNTIME'] ?? 'host'
// What containers make, they have a folder of their own for.
const snapshots = runtime === 'docker' ? join(defaultCache(process.env), 'docker') : defaultCache(process.env)

function osrun(...words: string[]) {
  return execa(process.execPath, [main, ...words], { reject: false, stdin: 'ignore' })
}

/** The same on a real pseudo-terminal, which script(1) makes. */
function inTerminal(words: string) {
  return execa('script', ['-qefc', `exec ${process.execPath} ${main} ${words}`, '/dev/null'], {
    ...{ reject: false, buffer: false },
    env: { TERM: 'xterm' },
  })
}

test('a failed test is replayed by the command that its evidence names: with its file, its program and its desktop', async () => {
  await using project = await createProject({ 'vitest.config.ts': config, 'a.test.ts': failing })
  const own = Object.entries(process.env).filter(([name]) => /^OSRUN_(?!URL|TOKEN|RUN_)/.test(name))
  const run = project.run(Object.fromEntries(own) as Record<string, string>)
  expect(await run.ended).toBe(1)
  const id = /state: osrun replay ([0-9a-f]{8})$/m.exec(run.output())?.[1]
  expect({ id, output: id === undefined ? run.output() : '' }).toEqual({ id: expect.any(String), output: '' })
  // One for the file, and the tests had a machine that went on.
  expect(new Set(run.output().match(/state: osrun replay \w+/g))).toEqual(new Set([`state: osrun replay ${id}`]))
  expect(run.output()).toContain("expected 'fails, too' to be ''")
  try {
    const listed = JSON.parse((await osrun('replay', '--json')).stdout)
    const about = { id, file: 'a.test.ts', test: 'fails', guest: 'wine', size: expect.any(Number), runtime }
    expect(listed[0]).toMatchObject(about)
    const { stdout, stderr, exitCode } = await osrun('replay', `${id}`, 'type C:\\left.txt & tasklist & exit 3')
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('desktop: http://localhost:') })
    expect(stdout).toContain('by the test')
    expect(stdout).toContain('notepad.exe')
    const terminal = inTerminal(`replay ${id}`)
    const hears = hear(terminal.stdout)
    const heard = (pattern: RegExp) => hears(pattern, 240_000)
    // The window that the guest's console clears was scrolled out before.
    const [, desktop = ''] = /desktop: (http:\/\/localhost:\S+)(\r?\n){24}/.exec(await heard(cmdPrompt)) ?? []
    expect((await fetch(desktop)).status).toBe(200)
    terminal.stdin?.write('type C:\\left.txt\r')
    await heard(/by the test/)
    terminal.stdin?.write('ping -n 1000 127.0.0.1\r')
    await heard(/127\.0\.0\.1.*127\.0\.0\.1/s)
    terminal.stdin?.write('\x03')
    await heard(cmdPrompt)
    terminal.stdin?.write('exit 7\r')
    expect((await terminal).exitCode).toBe(7)
  } finally {
    await osrun('snapshots', 'remove', '--cache', snapshots, `failure-${id}`)
  }
  expect(await osrun('replay', `${id}`)).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/SNAPSHOT_NOT_FOUND: There is no state "[0-9a-f]{8}"/),
  })
}, 600_000)
