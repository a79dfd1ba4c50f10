import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The version of Vitest that this repository has. */
export const ourVitest: string = JSON.parse(
  await readFile(join(repository, 'node_modules/vitest/package.json'), 'utf8'),
).version

/** A user's project in a folder of its own, with the packed package installed from its tarball. */
export interface InstalledProject extends AsyncDisposable {
  readonly folder: string
  readonly tarball: string
  /** Names of the files in the tarball. */
  readonly packed: readonly string[]
  /** Bytes of the tarball, and of the files in it. */
  readonly size: number
  readonly unpackedSize: number
  readonly manifest: Readonly<Record<string, unknown>>
}

/**
 * Packs the package, which was built before, and installs it beside the example `hello`.
 * @param vitest the version of Vitest; the repository's by default
 */
export async function installProject(vitest = ourVitest, ...packages: string[]): Promise<InstalledProject> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun installed '))
  const { tarball, files, size, unpackedSize } = await pack(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const wanted = [`vitest-environment-osrun@file:${tarball}`, `vitest@${vitest}`, ...packages]
  await execa('npm', ['install', '--no-audit', '--no-fund', '--save-dev', ...wanted], { cwd: folder })
  await cp(join(repository, 'examples/hello/vitest.config.ts'), join(folder, 'vitest.config.ts'))
  await cp(join(repository, 'examples/hello/test'), join(folder, 'test'), { recursive: true })
  const installed = join(folder, 'node_modules/vitest-environment-osrun/package.json')
  return {
    ...{ folder, tarball, size, unpackedSize },
    packed: files.map(({ path }) => path),
    manifest: JSON.parse(await readFile(installed, 'utf8')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/**
 * A folder with this package, unpacked from its tarball, and with the repository's own packages beside it: as good as
 * installed, within a second.
 * @param without packages that this user does not have
 */
export async function unpackProject(
  without: readonly string[] = [],
): Promise<Pick<InstalledProject, 'folder' | typeof Symbol.asyncDispose>> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun unpacked '))
  const { tarball } = await pack(folder)
  const modules = join(folder, 'node_modules')
  const ours = join(modules, 'vitest-environment-osrun')
  await mkdir(ours, { recursive: true })
  for (const name of await readdir(join(repository, 'node_modules'))) {
    if (name !== 'vitest-environment-osrun' && !name.startsWith('example-') && !without.includes(name)) {
      await symlink(join(repository, 'node_modules', name), join(modules, name))
    }
  }
  await execa('tar', ['-xzf', tarball, '-C', ours, '--strip-components=1'])
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

async function pack(folder: string): Promise<Packed & { readonly tarball: string }> {
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(repository, 'package'),
  })
  const [packed] = parsePacked(stdout)
  return { ...packed, tarball: join(folder, packed.filename) }
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
  readonly size: number
  readonly unpackedSize: number
}

// npm 11 answers with a list, npm 12 with an object whose keys are package names.
function parsePacked(json: string): [Packed] {
  const parsed: Packed[] | Record<string, Packed> = JSON.parse(json)
  const [first] = Array.isArray(parsed) ? parsed : Object.values(parsed)
  if (first === undefined) {
    throw new Error(`npm pack told of no package: ${json}`)
  }
  return [first]
}

/** A run of Vitest in the project, as a person starts it. */
export interface SuiteRun {
  readonly pid: number
  output(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | undefined>
  /** What Ctrl-C in a terminal does: the signal reaches every process of the run. */
  interrupt(): void
}

export function runSuite(folder: string, environment: Record<string, string>, ...flags: string[]): SuiteRun {
  const vitest = execa(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), 'run', ...flags], {
    cwd: folder,
    env: { CI: '1', NO_COLOR: '1', ...environment },
    all: true,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    detached: true,
    cleanup: false,
  })
  let text = ''
  vitest.all.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const pid = vitest.pid ?? 0
  return {
    pid,
    output: () => text,
    ended: vitest.then(({ exitCode, signal }) => exitCode ?? signal),
    interrupt: () => process.kill(-pid, 'SIGINT'),
  }
}
