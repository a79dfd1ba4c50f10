// Makes the published package: compiles src/ and environment/ into dist/, and copies what the package carries besides.

import { chmod, cp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { ensureRequirements } from '../src/runtime/requirements/install.ts'

const packageFolder = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

await rm(`${packageFolder}/dist`, { recursive: true, force: true })
await execa('tsc', ['-p', `${packageFolder}/tsconfig.json`], { preferLocal: true, localDir: root, stdio: 'inherit' })
await ensureRequirements(['build'], { out: (line) => process.stderr.write(`${line}\n`) })
await execa('make', ['--silent', '-C', `${root}/docker/agent`], { stdio: 'inherit' })
await chmod(`${packageFolder}/dist/src/cli/main.js`, 0o755)
// Plain files, which the compiler passes over: a list, and what is for a browser.
await cp(`${root}/src/windows/acquire/pinned.json`, `${packageFolder}/dist/src/windows/acquire/pinned.json`)
await cp(`${root}/src/server/viewer`, `${packageFolder}/dist/src/server/viewer`, { recursive: true })
for (const name of ['docker', 'win11-init', 'README.md', 'LICENSE']) {
  await rm(`${packageFolder}/${name}`, { recursive: true, force: true })
  await cp(`${root}/${name}`, `${packageFolder}/${name}`, { recursive: true, filter: isPublished })
}

// A .gitignore would also keep the compiled agent out of the tarball.
function isPublished(path: string): boolean {
  return !/\/(\.gitignore|docker\/agent\/test|docker\/agent\/build\/.+(?<!\.exe))$/.test(path)
}
