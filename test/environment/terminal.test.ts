import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { token } from '../client/peer.ts'
import { createProject } from './project.ts'
import { config, startRoom } from './stand-in-room.ts'

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const script = await execa('script', ['--version'], { reject: false })
const hasTerminal = !script.failed && script.stdout.includes('util-linux')

const files = {
  'vitest.config.ts': config,
  'a.test.ts': `
    import { expect, test } from 'vitest-environment-osrun/test'
    test('has a machine', ({ win }) => { expect(win.guest).toBe('wine') })
  `,
}

test.skipIf(!hasTerminal)('a person at a terminal is told where the machines are seen (needs script)', async () => {
  await using peer = await startRoom({})
  await using project = await createProject(files)
  const { stdout } = await execa(
    'script',
    ['--quiet', '--return', '--command', `'${process.execPath}' '${vitest}' run`, '/dev/null'],
    { cwd: project.folder, env: { OSRUN_URL: peer.url, OSRUN_TOKEN: token, VITEST: '', NO_COLOR: '1' }, reject: false },
  )
  const address = `${peer.url.replace('ws:', 'http:')}/#token=${encodeURIComponent(token)}`
  expect(stripVTControlCharacters(stdout)).toContain(`osrun: the machines can be watched at ${address} (`)
})
