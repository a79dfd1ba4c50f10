import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { chromium } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../src/runtime/requirements/check.ts'
import { token } from '../client/peer.ts'
import { readEvidence, startRoom } from '../environment/stand-in-room.ts'
import { type InstalledProject, installProject, ourVitest, runSuite } from './project.ts'

const executablePath = (await findProgram('chromium')) ?? ''

// Each way to fail that a test's author meets. The machine room is a stand-in: its answers are the same in each run.
const failures = `import { expect, test } from 'vitest-environment-osrun/test'

test('a command fails', async ({ win }) => {
  await win.run('echo ready')
  await win.run('fail to build', { cwd: 'C:\\\\app' })
})

test('an exit code is another', async ({ win }) => {
  expect(await win.run('fail', { reject: false })).toExitWith(0)
})

test('an output is another', async ({ win }) => {
  const { stdout } = await win.run('version 2')
  expect(stdout).toBe('version 1')
})

test('a command takes too long', async ({ win }) => {
  await win.run('hang', { timeout: 200 })
})

test('a test takes too long', { timeout: 300 }, async ({ win }) => {
  await win.run('hang')
})

test('a screen has no reference', async ({ win }) => {
  await expect(win).toMatchScreen('desktop', { timeout: 0 })
})

test('an option is wrong', async ({ win }) => {
  await win.run('ver', { timeout: -1 })
})

test('a machine crashes', async ({ win }) => {
  await Promise.all([win.run('hang'), win.mouse.move(1, 1)])
})
`
const withoutSnapshot = `// @vitest-environment-${''}options {"snapshot": "office"}
import { test } from 'vitest-environment-osrun/test'

test('has no machine', async ({ win }) => {
  await win.run('ver')
})
`

const crash = {
  code: 'MACHINE_CRASHED',
  message: 'Machine m1 is gone: QEMU was ended by SIGKILL.\nqemu-system-x86_64: terminating on signal 15',
}
let crashed = false
const answers = {
  acquire: ({ snapshot }: Record<string, unknown>) =>
    snapshot === 'office'
      ? {
          error: {
            code: 'SNAPSHOT_NOT_FOUND',
            message: 'There is no snapshot "office" of the guest wine. There is: provisioned.',
          },
        }
      : { machine: 'm1', guest: 'wine', snapshot, shells: ['cmd'], viewer: '/machines/m1' },
  mouse: (_: unknown, socket: { send(text: string): void }) => {
    crashed = true
    socket.send(JSON.stringify({ event: 'link-lost', error: crash, retrying: false }))
    return null
  },
}

const projects = new Map<string, InstalledProject>()
afterAll(async () => {
  for (const project of projects.values()) {
    await project[Symbol.asyncDispose]()
  }
})

/** A project with these tests, and this version of Vitest. */
async function projectWith(version: string): Promise<InstalledProject> {
  const project = projects.get(version) ?? (await installProject(version, `@vitest/ui@${version}`))
  projects.set(version, project)
  await rm(join(project.folder, 'test'), { recursive: true, force: true })
  await writeFile(join(project.folder, 'install.test.ts'), failures)
  await writeFile(join(project.folder, 'office.test.ts'), withoutSnapshot)
  return project
}

/** What the run prints, without what differs from run to run. */
async function failingRun({ folder }: InstalledProject, ...flags: string[]) {
  crashed = false
  await using peer = await startRoom({
    ...answers,
    ...{ screenshot: () => (crashed ? { error: crash } : bluePicture) },
  })
  const run = runSuite(folder, { OSRUN_URL: peer.url, OSRUN_TOKEN: token }, '--no-file-parallelism', ...flags)
  const exitCode = await run.ended
  return { exitCode, output: constant(run.output()), evidence: await readEvidence({ folder }) }
}

/** 64 by 48 pixels of one blue, so that a page that shows it can be told from one that does not. */
const bluePicture = {
  png: 'iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAIAAAAuKetIAAAARElEQVR42u3PQQkAAAgEsAthHPunMIwV/AqDFViq57UICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICFwtLSkQ0/A5TNYAAAAASUVORK5CYII=',
  ...{ width: 64, height: 48 },
}

function constant(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/ws:\/\/127\.0\.0\.1:\d+|127\.0\.0\.1:\d+/g, '127.0.0.1:8000')
    .replace(/\d+\.\d\d s\b/g, '0.00 s')
    .replace(/\(\d+(\.\d+)? m?s\)/g, '(0 s)')
    .replace(/durationMs: \d+/g, 'durationMs: 0')
    .replace(/-[0-9a-f]{6}\//g, '-1a2b3c/')
    .replace(/ \d+ms$/gm, ' 0ms')
    .replace(/(RUN {2}v[\d.]+) .*/, '$1 /project')
    .replace(/^ +(Start at|Duration) .*\n/gm, '')
    .replace(/^ +Isolate .*\n.*\n/gm, '')
    .replace(/^ +❯ .*(node_modules\/|node:).*\n/gm, '')
    .replace(/[^\S\n]+$/gm, '')
}

describe('a failing run, of the packed package', () => {
  test('with the repository’s Vitest', async () => {
    const { exitCode, output, evidence } = await failingRun(await projectWith(ourVitest))
    expect(exitCode).toBe(1)
    expect(output).toMatchInlineSnapshot(`
      "
       RUN  v5.1.1 /project

      osrun: guest wine is ready; accelerator tcg, machines at once: 2 (0 s)
       ❯ install.test.ts (8 tests | 8 failed) 0ms
         × a command fails 0ms
         × an exit code is another 0ms
         × an output is another 0ms
         × a command takes too long 0ms
         × a test takes too long 0ms
         × a screen has no reference 0ms
         × an option is wrong 0ms
         × a machine crashes 0ms
       ❯ office.test.ts (1 test | 1 skipped) 0ms
         ↓ has no machine

      ⎯⎯⎯⎯⎯⎯ Failed Suites 1 ⎯⎯⎯⎯⎯⎯⎯

       FAIL  office.test.ts [ office.test.ts ]
      OsrunError: There is no snapshot "office" of the guest wine. There is: provisioned.

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/9]⎯


      ⎯⎯⎯⎯⎯⎯⎯ Failed Tests 8 ⎯⎯⎯⎯⎯⎯⎯

       FAIL  install.test.ts > a command fails
      WinCommandError: Command failed with exit code 7: fail to build

      fail to build

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/a-command-fails-1a2b3c/screen.png

       ❯ install.test.ts:5:13
            3| test('a command fails', async ({ win }) => {
            4|   await win.run('echo ready')
            5|   await win.run('fail to build', { cwd: 'C:\\\\app' })
             |             ^
            6| })
            7|

       ❯ install.test.ts:5:13 osrun
         ↳ last command "fail to build": exit code 7 after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/a-command-fails-1a2b3c/report.txt; state: osrun replay 1a2b3c4d

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[2/9]⎯

       FAIL  install.test.ts > an exit code is another
      Error: expected "fail" to exit with 0: exit code 7

      fail

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/an-exit-code-is-another-1a2b3c/screen.png

       ❯ install.test.ts:9:52
            7|
            8| test('an exit code is another', async ({ win }) => {
            9|   expect(await win.run('fail', { reject: false })).toExitWith(0)
             |                                                    ^
           10| })
           11|

       ❯ install.test.ts:9:52 osrun
         ↳ last command "fail": exit code 7 after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/an-exit-code-is-another-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[3/9]⎯

       FAIL  install.test.ts > an output is another
      AssertionError: expected 'version 2' to be 'version 1' // Object.is equality

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/an-output-is-another-1a2b3c/screen.png

      Expected: "version 1"
      Received: "version 2"

       ❯ install.test.ts:14:18
           12| test('an output is another', async ({ win }) => {
           13|   const { stdout } = await win.run('version 2')
           14|   expect(stdout).toBe('version 1')
             |                  ^
           15| })
           16|

       ❯ install.test.ts:14:18 osrun
         ↳ last command "version 2": exit code 0 after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/an-output-is-another-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[4/9]⎯

       FAIL  install.test.ts > a command takes too long
      WinCommandError: Command timed out after 200 milliseconds: hang

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/a-command-takes-too-long-1a2b3c/screen.png

       ❯ install.test.ts:18:13
           16|
           17| test('a command takes too long', async ({ win }) => {
           18|   await win.run('hang', { timeout: 200 })
             |             ^
           19| })
           20|

       ❯ install.test.ts:18:13 osrun
         ↳ last command "hang": timed out after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/a-command-takes-too-long-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[5/9]⎯

       FAIL  install.test.ts > a test takes too long
      TestTimeoutError: Test timed out in 300ms.
      If this is a long-running test, pass a timeout value as the last argument or configure it globally with "testTimeout".

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/a-test-takes-too-long-1a2b3c/screen.png

       ❯ install.test.ts:21:1
           19| })
           20|
           21| test('a test takes too long', { timeout: 300 }, async ({ win }) => {
             | ^
           22|   await win.run('hang')
           23| })

       ❯ install.test.ts:21:1 osrun
         ↳ last command "hang": still running after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/a-test-takes-too-long-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[6/9]⎯

       FAIL  install.test.ts > a screen has no reference
      Error: there is no reference __screenshots__/install.test.ts/desktop-wine.png to compare the screen with. Run it where references are written: not on CI, or with --update.

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/a-screen-has-no-reference-1a2b3c/screen.png

       ❯ install.test.ts:26:3
           24|
           25| test('a screen has no reference', async ({ win }) => {
           26|   await expect(win).toMatchScreen('desktop', { timeout: 0 })
             |   ^
           27| })
           28|

       ❯ install.test.ts:26:3 osrun
         ↳ no command; report: .vitest/attachments/osrun/install.test.ts/a-screen-has-no-reference-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[7/9]⎯

       FAIL  install.test.ts > an option is wrong
      OsrunError: Expected the option \`timeout\` in the options of \`run\` to be a number of milliseconds from 0 on, got -1

      Failure screenshot:
        - .vitest/attachments/osrun/install.test.ts/an-option-is-wrong-1a2b3c/screen.png

       ❯ install.test.ts:30:13
           28|
           29| test('an option is wrong', async ({ win }) => {
           30|   await win.run('ver', { timeout: -1 })
             |             ^
           31| })
           32|

       ❯ install.test.ts:30:13 osrun
         ↳ no command; report: .vitest/attachments/osrun/install.test.ts/an-option-is-wrong-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[8/9]⎯

       FAIL  install.test.ts > a machine crashes
      OsrunError: The link to the guest was lost while a command ran, so its outcome is unknown: Machine m1 is gone: QEMU was ended by SIGKILL.
      qemu-system-x86_64: terminating on signal 15
       ❯ install.test.ts:34:26
           32|
           33| test('a machine crashes', async ({ win }) => {
           34|   await Promise.all([win.run('hang'), win.mouse.move(1, 1)])
             |                          ^
           35| })
           36|

      Caused by: OsrunError: Machine m1 is gone: QEMU was ended by SIGKILL.
      qemu-system-x86_64: terminating on signal 15

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯
      Serialized Error: { code: 'MACHINE_CRASHED', blame: 'system' }
       ❯ install.test.ts:34:26 osrun
         ↳ last command "hang": The link to the guest was lost while a command ran, so its outcome is unknown: Machine m1 is gone: QEMU was ended by SIGKILL.; report: .vitest/attachments/osrun/install.test.ts/a-machine-crashes-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[9/9]⎯


       Test Files  2 failed (2)
            Tests  8 failed | 1 skipped (9)


      "
    `)
    // What the documentation shows is what was printed.
    const page = await readFile('docs/failures.md', 'utf8')
    // Those with a language behind the backticks are of other places.
    const fenced = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    const blocks = fenced.flatMap(([, language, block = '']) => (language === '' ? [block] : []))
    const [reported = '', ...shown] = blocks.sort(
      (a, b) => Number(b.startsWith('test ')) - Number(a.startsWith('test ')),
    )
    expect(shown).toHaveLength(9)
    for (const block of shown) {
      expect(output).toContain(block)
    }
    const [path = ''] = Object.keys(evidence).filter((name) => /a-command-fails.*report/.test(name))
    expect(constant(evidence[path] ?? '')).toBe(reported)
  })

  test('with Vitest 4.1', async () => {
    const { exitCode, output } = await failingRun(await projectWith('4.1.12'))
    expect(exitCode).toBe(1)
    expect(output).toMatchInlineSnapshot(`
      "
       RUN  v4.1.12 /project

      osrun: guest wine is ready; accelerator tcg, machines at once: 2 (0 s)
       ❯ install.test.ts (8 tests | 8 failed) 0ms
         × a command fails 0ms
         × an exit code is another 0ms
         × an output is another 0ms
         × a command takes too long 0ms
         × a test takes too long 0ms
         × a screen has no reference 0ms
         × an option is wrong 0ms
         × a machine crashes 0ms
       ❯ office.test.ts (1 test | 1 skipped) 0ms
         ↓ has no machine

      ⎯⎯⎯⎯⎯⎯ Failed Suites 1 ⎯⎯⎯⎯⎯⎯⎯

       FAIL  office.test.ts [ office.test.ts ]
      OsrunError: There is no snapshot "office" of the guest wine. There is: provisioned.

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/9]⎯


      ⎯⎯⎯⎯⎯⎯⎯ Failed Tests 8 ⎯⎯⎯⎯⎯⎯⎯

       FAIL  install.test.ts > a command fails
      WinCommandError: Command failed with exit code 7: fail to build

      fail to build

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/a-command-fails-1a2b3c/screen.png

       ❯ install.test.ts:5:13
            3| test('a command fails', async ({ win }) => {
            4|   await win.run('echo ready')
            5|   await win.run('fail to build', { cwd: 'C:\\\\app' })
             |             ^
            6| })
            7|

       ❯ install.test.ts:5:13 osrun
         ↳ last command "fail to build": exit code 7 after 0.00 s; report: .vitest-attachments/osrun/install.test.ts/a-command-fails-1a2b3c/report.txt; state: osrun replay 1a2b3c4d

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[2/9]⎯

       FAIL  install.test.ts > an exit code is another
      Error: expected "fail" to exit with 0: exit code 7

      fail

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/an-exit-code-is-another-1a2b3c/screen.png

       ❯ install.test.ts:9:52
            7|
            8| test('an exit code is another', async ({ win }) => {
            9|   expect(await win.run('fail', { reject: false })).toExitWith(0)
             |                                                    ^
           10| })
           11|

       ❯ install.test.ts:9:52 osrun
         ↳ last command "fail": exit code 7 after 0.00 s; report: .vitest-attachments/osrun/install.test.ts/an-exit-code-is-another-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[3/9]⎯

       FAIL  install.test.ts > an output is another
      AssertionError: expected 'version 2' to be 'version 1' // Object.is equality

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/an-output-is-another-1a2b3c/screen.png

      Expected: "version 1"
      Received: "version 2"

       ❯ install.test.ts:14:18
           12| test('an output is another', async ({ win }) => {
           13|   const { stdout } = await win.run('version 2')
           14|   expect(stdout).toBe('version 1')
             |                  ^
           15| })
           16|

       ❯ install.test.ts:14:18 osrun
         ↳ last command "version 2": exit code 0 after 0.00 s; report: .vitest-attachments/osrun/install.test.ts/an-output-is-another-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[4/9]⎯

       FAIL  install.test.ts > a command takes too long
      WinCommandError: Command timed out after 200 milliseconds: hang

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/a-command-takes-too-long-1a2b3c/screen.png

       ❯ install.test.ts:18:13
           16|
           17| test('a command takes too long', async ({ win }) => {
           18|   await win.run('hang', { timeout: 200 })
             |             ^
           19| })
           20|

       ❯ install.test.ts:18:13 osrun
         ↳ last command "hang": timed out after 0.00 s; report: .vitest-attachments/osrun/install.test.ts/a-command-takes-too-long-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[5/9]⎯

       FAIL  install.test.ts > a test takes too long
      Error: Test timed out in 300ms.
      If this is a long-running test, pass a timeout value as the last argument or configure it globally with "testTimeout".

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/a-test-takes-too-long-1a2b3c/screen.png

       ❯ install.test.ts:21:1
           19| })
           20|
           21| test('a test takes too long', { timeout: 300 }, async ({ win }) => {
             | ^
           22|   await win.run('hang')
           23| })

       ❯ install.test.ts:21:1 osrun
         ↳ last command "hang": still running after 0.00 s; report: .vitest-attachments/osrun/install.test.ts/a-test-takes-too-long-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[6/9]⎯

       FAIL  install.test.ts > a screen has no reference
      Error: there is no reference __screenshots__/install.test.ts/desktop-wine.png to compare the screen with. Run it where references are written: not on CI, or with --update.

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/a-screen-has-no-reference-1a2b3c/screen.png

       ❯ install.test.ts:26:3
           24|
           25| test('a screen has no reference', async ({ win }) => {
           26|   await expect(win).toMatchScreen('desktop', { timeout: 0 })
             |   ^
           27| })
           28|

       ❯ install.test.ts:26:3 osrun
         ↳ no command; report: .vitest-attachments/osrun/install.test.ts/a-screen-has-no-reference-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[7/9]⎯

       FAIL  install.test.ts > an option is wrong
      OsrunError: Expected the option \`timeout\` in the options of \`run\` to be a number of milliseconds from 0 on, got -1

      Failure screenshot:
        - .vitest-attachments/osrun/install.test.ts/an-option-is-wrong-1a2b3c/screen.png

       ❯ install.test.ts:30:13
           28|
           29| test('an option is wrong', async ({ win }) => {
           30|   await win.run('ver', { timeout: -1 })
             |             ^
           31| })
           32|

       ❯ install.test.ts:30:13 osrun
         ↳ no command; report: .vitest-attachments/osrun/install.test.ts/an-option-is-wrong-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[8/9]⎯

       FAIL  install.test.ts > a machine crashes
      OsrunError: The link to the guest was lost while a command ran, so its outcome is unknown: Machine m1 is gone: QEMU was ended by SIGKILL.
      qemu-system-x86_64: terminating on signal 15
       ❯ install.test.ts:34:26
           32|
           33| test('a machine crashes', async ({ win }) => {
           34|   await Promise.all([win.run('hang'), win.mouse.move(1, 1)])
             |                          ^
           35| })
           36|

      Caused by: OsrunError: Machine m1 is gone: QEMU was ended by SIGKILL.
      qemu-system-x86_64: terminating on signal 15

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯
      Serialized Error: { code: 'MACHINE_CRASHED', blame: 'system' }
       ❯ install.test.ts:34:26 osrun
         ↳ last command "hang": The link to the guest was lost while a command ran, so its outcome is unknown: Machine m1 is gone: QEMU was ended by SIGKILL.; report: .vitest-attachments/osrun/install.test.ts/a-machine-crashes-1a2b3c/report.txt

      ⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[9/9]⎯


       Test Files  2 failed (2)
            Tests  8 failed | 1 skipped (9)

      "
    `)
  })

  test.skipIf(executablePath === '')('as an HTML report has the screen of the failing test', async () => {
    const project = await projectWith(ourVitest)
    const config = await readFile(join(project.folder, 'vitest.config.ts'), 'utf8')
    const reporters = "test: { reporters: [['html', { singleFile: true }]] }"
    await writeFile(join(project.folder, 'html.config.ts'), config.replace('plugins:', `${reporters}, plugins:`))
    await failingRun(project, '--config=html.config.ts', '--testNamePattern=a command fails')

    await using browser = await chromium.launch({ executablePath })
    const page = await browser.newPage()
    await page.goto(pathToFileURL(join(project.folder, '.vitest/index.html')).href)
    await page.getByText('install.test.ts').first().click()
    await page.getByText('a command fails').first().click()
    await page.getByAltText(/Screenshot error for 'a command fails'/).waitFor()
    const sizes = '[...document.images].map((image) => [image.naturalWidth, image.naturalHeight])'
    expect(await page.evaluate(sizes)).toContainEqual([bluePicture.width, bluePicture.height])
    expect(constant(await page.locator('body').innerText())).toContain(
      'last command "fail to build": exit code 7 after 0.00 s; report: .vitest/attachments/osrun/install.test.ts/',
    )
  })

  test('in Vitest’s UI runs, serves its page, and gives its machines back at its end', async () => {
    const { folder } = await projectWith(ourVitest)
    await using peer = await startRoom({ ...answers, screenshot: () => bluePicture })
    const flags = ['--ui', '--open=false', '--watch', '--testNamePattern=a command fails']
    const run = runSuite(folder, { OSRUN_URL: peer.url, OSRUN_TOKEN: token }, ...flags)
    try {
      const printed = () => stripVTControlCharacters(run.output())
      await expect.poll(printed, { timeout: 60_000 }).toMatch(/Tests +1 failed/)
      expect(printed()).toContain('WinCommandError: Command failed with exit code 7: fail to build')
      const [, address = ''] = /UI started at (\S+)/.exec(printed()) ?? []
      expect(await (await fetch(address)).text()).toContain('Vitest UI')
    } finally {
      run.interrupt()
      await run.ended
    }
    await expect.poll(() => peer.sockets.size, { timeout: 10_000 }).toBe(0)
  })
})
