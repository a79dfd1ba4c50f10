import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const manifest = {
  name: 'vitest-environment-osrun',
  type: 'module',
  exports: {
    '.': './src/index.ts',
    './test': './environment/test.ts',
    './plugin': './environment/plugin.ts',
    './setup': './environment/setup.ts',
    './matchers': './environment/matchers.ts',
    './global-setup': './environment/global-setup.ts',
    './client': './src/client/index.ts',
  },
}

/** A user's project in a folder of its own, where this package is installed from its sources. */
export interface Project extends AsyncDisposable {
  readonly folder: string
  /** Starts `vitest run` with these environment variables besides. */
  run(environment: Record<string, string>, ...flags: string[]): VitestRun
}

export interface VitestRun {
  readonly pid: number
  /** All that it printed so far, without colours. */
  output(): string
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | undefined>
}

export async function createProject(files: Record<string, string>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun project '))
  const installed = join(folder, 'node_modules/vitest-environment-osrun')
  await mkdir(installed, { recursive: true })
  await symlink(join(repository, 'src'), join(installed, 'src'))
  await symlink(join(repository, 'environment'), join(installed, 'environment'))
  await symlink(join(repository, 'node_modules/vitest'), join(folder, 'node_modules/vitest'))
  const all = {
    'package.json': '{ "type": "module" }',
    'node_modules/vitest-environment-osrun/package.json': JSON.stringify(manifest),
    ...files,
  }
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    folder,
    run: (environment, ...flags) => run(folder, environment, flags),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

function run(folder: string, environment: Record<string, string>, flags: string[]): VitestRun {
  const program = join(repository, 'node_modules/vitest/vitest.mjs')
  const vitest = execa(process.execPath, [program, 'run', '--reporter=verbose', ...flags], {
    cwd: folder,
    env: { ...withoutOurs(), CI: '1', NO_COLOR: '1', ...environment },
    extendEnv: false,
    all: true,
    buffer: false,
    reject: false,
    stdin: 'ignore',
  })
  let text = ''
  vitest.all.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return {
    pid: vitest.pid ?? 0,
    output: () => stripVTControlCharacters(text),
    ended: vitest.then(({ exitCode }) => exitCode),
  }
}

/** This test's own Vitest, and whatever the developer has set, are no matter of the project's. */
function withoutOurs(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|OSRUN_|NODE_ENV|TEST$)/.test(name)),
  )
}
