import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { lease, startPeer, token } from '../client/peer.ts'
import { createProject } from './project.ts'

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const script = await execa('script', ['--version'], { reject: false })
const hasTerminal = !script.failed && script.stdout.includes('util-linux')

const files = {
  'vitest.config.ts': `
    import { osrun } from 'vitest-environment-osrun/plugin'
    export default { plugins: [osrun()] }
  `,
  'a.test.ts': `
    import { expect, test } from 'vitest-environment-osrun/test'
    test('has a machine', ({ win }) => { expect(win.guest).toBe('wine') })
  `,
}

test.skipIf(!hasTerminal)('a person at a terminal is told where the machines are seen (needs script)', async () => {
  const rooms = { capacity: 2, queued: 0, leases: [], requests: [], standbys: [] }
  const status = { version: '0', accelerator: 'tcg', time: 0, ...rooms }
  const answers = { acquire: () => lease, install: () => ({ built: false }), status: () => status }
  await using peer = await startPeer(answers, async () => {})
  await using project = await createProject(files)
  const { stdout } = await execa(
    'script',
    ['--quiet', '--return', '--command', `'${process.execPath}' '${vitest}' run`, '/dev/null'],
    { cwd: project.folder, env: { OSRUN_URL: peer.url, OSRUN_TOKEN: token, VITEST: '', NO_COLOR: '1' }, reject: false },
  )
  const address = `${peer.url.replace('ws:', 'http:')}/#token=${encodeURIComponent(token)}`
  expect(stripVTControlCharacters(stdout)).toContain(`osrun: the machines can be watched at ${address} (`)
})
