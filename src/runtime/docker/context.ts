import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'

/** What the image is built from, read once. */
export interface ImageContext {
  /** Contents by path, relative to the context, with `/`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Name of the image made of just these contents. */
  readonly tag: string
}

/** Parts of the package that the image is made of; what only test runners load, types and builds is left out. */
const parts = ['docker', 'dist', 'win11-init', 'package.json']
const leftOut = [/^docker\/agent\/(build|test)\//, /^dist\/environment\//, /\.d\.ts$/]

/**
 * Reads the build context: the folder of the published package.
 * @throws OsrunError DOCKER_BUILD_FAILED where the package was not built
 */
export async function readContext(folder: string = packageFolder()): Promise<ImageContext> {
  const files = new Map<string, Uint8Array>()
  for (const path of await contextPaths(folder)) {
    files.set(path, await readFile(join(folder, path)))
  }
  if (!files.has('docker/Dockerfile')) {
    throw new OsrunError(
      'DOCKER_BUILD_FAILED',
      `Expected docker/Dockerfile in the package's folder ${folder}. In the repository, run \`npm run build\` first; ` +
        'elsewhere, install the package again.',
    )
  }
  return { files, tag: `osrun:${hashOf(files)}` }
}

/** 16 hexadecimal digits that change with any path or content. */
export function hashOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const [path, content] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

function packageFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('vitest-environment-osrun/package.json'))
}

async function contextPaths(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const paths: string[] = []
  for (const entry of entries.filter(({ name }) => parts.includes(name))) {
    if (entry.isDirectory()) {
      const below = await readdir(join(folder, entry.name), { withFileTypes: true, recursive: true })
      paths.push(
        ...below.filter((each) => each.isFile()).map((each) => relative(folder, join(each.parentPath, each.name))),
      )
    } else {
      paths.push(entry.name)
    }
  }
  return paths
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => !leftOut.some((pattern) => pattern.test(path)))
    .sort()
}
