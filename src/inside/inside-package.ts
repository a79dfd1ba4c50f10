import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ourName } from './dependencies/ourselves.ts'

/** A file of a package, from the project's folder. */
export interface PackageFile {
  readonly path: string
  readonly text: string
}

/**
 * What a suite finds in the guest under this package's name: only what it can use there, `vitest-environment-osrun/inside`.
 */
export async function insidePackage(): Promise<PackageFile[]> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const isModule = (name: string) => name.endsWith(extension) && !name.endsWith('.d.ts')
  const here = fileURLToPath(new URL('.', import.meta.url))
  const worker = (await readdir(`${here}worker`)).filter(isModule).map((name) => `worker/${name}`)
  const files = await Promise.all(
    [...worker, `guest/wire${extension}`].map(async (path) => ({ path, text: await readFile(here + path, 'utf8') })),
  )
  const manifest = { name: ourName, type: 'module', exports: { './inside': `./worker/inside${extension}` } }
  return [{ path: 'package.json', text: JSON.stringify(manifest) }, ...files].map(({ path, text }) => ({
    path: `node_modules/${ourName}/${path}`,
    text,
  }))
}
