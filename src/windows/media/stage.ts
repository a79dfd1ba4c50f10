import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { MediumFile } from '../install/files.ts'

/** Puts files into a folder that becomes a medium. */
export async function putFiles(folder: string, files: readonly MediumFile[]): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await ('content' in file ? writeFile(path, file.content) : copyFile(file.source, path))
  }
}

/** Has a large file in such a folder without a copy: what writes the medium follows links. */
export async function linkFile(file: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(resolve(file), path)
}
