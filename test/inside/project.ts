import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'

/** A project in a folder of its own, with these files. */
export interface TemporaryProject extends AsyncDisposable {
  readonly folder: string
  write(path: string, text: string): Promise<void>
}

/** @param git whether it is git's, with all of the files tracked */
export async function temporaryProject(
  files: Readonly<Record<string, string>>,
  { git = true } = {},
): Promise<TemporaryProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'osrun inside ')))
  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) {
    await write(path, text)
  }
  if (git) {
    await execa('git', ['init', '--quiet'], { cwd: folder })
    await execa('git', ['add', '--all'], { cwd: folder })
  }
  return { folder, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
