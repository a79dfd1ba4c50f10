import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { ownFailure } from '../../src/cli/run/exit-code.ts'
import { temporaryProject } from '../inside/project.ts'

test.each([
  { given: ['--shards', '2', '--watch'], says: 'BAD_OPTION: Expected a run with an end' },
  { given: ['--side-by-side', 'watch'], says: 'got watch' },
  { given: ['--shards', '2'], says: 'PROJECT_UNFIT: Expected Vitest to be installed' },
])('$given is refused at once, before a machine room is started', async ({ given, says }) => {
  await using project = await temporaryProject({ 'package.json': '{}' })
  const cache = join(project.folder, 'cache')
  const main = join(process.cwd(), 'src/cli/main.ts')
  const { stdout, stderr, exitCode } = await execa(process.execPath, [main, 'test', ...given], {
    cwd: project.folder,
    env: { OSRUN_RUNTIME: 'host', OSRUN_CACHE: cache },
    reject: false,
  })
  expect({ stdout, exitCode, files: await readdir(project.folder) }).toEqual({
    ...{ stdout: '', exitCode: ownFailure },
    files: ['.git', 'package.json'],
  })
  expect(stderr).toContain(says)
  expect(stderr).not.toContain('starting')
})
