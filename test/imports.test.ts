import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'

const forbidden = [
  ['src/client/a.ts', '../snapshots/store.ts'],
  ['src/client/b.ts', '../server/serve.ts'],
  ['src/index.ts', './machines/machine.ts'],
  ['environment/a.ts', '../src/guests/guest.ts'],
  ['environment/b.ts', '../src/windows/catalogue.ts'],
  ['src/server/a.ts', '../client/win.ts'],
  ['src/machines/a.ts', '../../environment/setup.ts'],
  ['src/protocol/a.ts', '../client/win.ts'],
  ['src/inside/a.ts', '../server/serve.ts'],
  ['src/server/e.ts', '../inside/suite.ts'],
  ['src/cli/a.ts', '../../environment/setup.ts'],
] as const

const allowed = [
  ['src/cli/b.ts', '../client/win.ts'],
  ['src/client/c.ts', '../protocol/frames.ts'],
  ['src/cli/c.ts', '../inside/suite.ts'],
  ['src/inside/b.ts', '../client/win.ts'],
  ['environment/c.ts', '../src/runtime/start.ts'],
  ['src/server/c.ts', '../protocol/frames.ts'],
  ['src/server/d.ts', '../snapshots/store.ts'],
] as const

let folder: string
let said: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun imports '))
  const config: object = JSON.parse(await readFile('biome.json', 'utf8'))
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
  for (const [file, imported] of [...forbidden, ...allowed]) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), `import { thing } from '${imported}'\n\nexport const other = thing\n`)
  }
  const linted = await execa('biome', ['lint', '--max-diagnostics=none', '.'], {
    cwd: folder,
    all: true,
    reject: false,
    preferLocal: true,
    localDir: process.cwd(),
  })
  said = linted.all
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test.each(forbidden)('%s may not import %s', (file) => {
  expect(said).toContain(`${file}:1:23 lint/style/noRestrictedImports`)
})

test.each(allowed)('%s may import %s', (file) => {
  expect(said).not.toContain(file)
})
