import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TemplateInfo } from '../../../src/protocol/messages.ts'
import { type Answers, lease, type Peer, type Program, startPeer, token } from '../../client/peer.ts'
import { createProject, type Project } from '../project.ts'

const config = (snapshots: string, more = '') => `
  import { osrun } from 'vitest-environment-osrun/plugin'
  export default { plugins: [osrun({ snapshots: ${snapshots}${more} })] }
`
const passing = `
  import { expect, test } from 'vitest-environment-osrun/test'
  test('is in', async ({ win }) => { console.log('in ' + win.snapshotName) })
`
const setup = `export default async (win) => { await win.run('make') }`

interface Room extends Peer {
  readonly templates: TemplateInfo[]
  /** Command lines that ran in its machines. */
  readonly commands: string[]
}

/** A machine room that remembers what is built in it. */
async function startRoom(answers: Answers = {}): Promise<Room> {
  const templates: TemplateInfo[] = [{ name: 'provisioned', id: '0000000000000000' }]
  const rooms = { capacity: 2, queued: 0, leases: [], requests: [], standbys: [] }
  const status = { version: '0', accelerator: 'tcg', time: 0, ...rooms }
  const commands: string[] = []
  const program: Program = (command) => {
    commands.push(command.commandLine)
    command.exit(0)
  }
  const all: Answers = {
    acquire: ({ snapshot }) => ({ ...lease, snapshot }),
    restore: ({ snapshot = templates.at(-1)?.name }) => ({ ...lease, snapshot }),
    install: () => ({ built: false }),
    status: () => status,
    templates: () => templates,
    claim: () => null,
    keep: () => null,
    snapshot: ({ name, recipe }) => {
      templates.push({ name, id: '1111111111111111', recipe } as TemplateInfo)
      return { name, guest: 'wine', createdAt: '2026-01-02T03:04:05.000Z', size: 1 }
    },
    ...answers,
  }
  return Object.assign(await startPeer(all, program), { templates, commands })
}

function start(project: Project, peer: Peer, ...flags: string[]) {
  return project.run({ OSRUN_URL: peer.url, OSRUN_TOKEN: token }, ...flags)
}

/** Runs a project to its end. */
async function runProject(files: Record<string, string>, answers: Answers = {}) {
  await using peer = await startRoom(answers)
  await using project = await createProject({ 'a.test.ts': passing, ...files })
  const run = start(project, peer)
  const exitCode = await run.ended
  return { exitCode, output: run.output(), methods: peer.asked.map(({ method }) => method), asked: peer.asked }
}

describe('recipes that cannot be built are told before a machine starts', () => {
  test.each<[string, string, string, Record<string, string>]>([
    [
      'a setup that is not there',
      `{ git: { setup: './nowhere.ts' } }`,
      'Expected the option `snapshots.git.setup` in environmentOptions.osrun of the project "" to be the path of ' +
        'something that exists, got "./nowhere.ts"',
      {},
    ],
    [
      'a parent that is neither a recipe nor a snapshot',
      `{ git: { from: 'windoze', setup: './git.setup.ts' } }`,
      'Expected the option `snapshots.git.from` in environmentOptions.osrun of the project "" to be a recipe or a ' +
        'snapshot of the guest wine, got "windoze". Recipes: git; snapshots: provisioned',
      {},
    ],
    [
      'a module without a default export',
      `{ git: { setup: './git.setup.ts' }, node: { setup: './node.setup.ts' } }`,
      'whose default export is a function (win: Win) => Promise<void>; that of ./node.setup.ts is missing',
      { 'node.setup.ts': 'export const setup = 1' },
    ],
    [
      'a module that cannot be parsed',
      `{ git: { setup: './bad.setup.ts' } }`,
      'OsrunError: The setup of recipe "git", ./bad.setup.ts, cannot be loaded:',
      { 'bad.setup.ts': 'export default async (win => {' },
    ],
    [
      'a module that imports what is not there',
      `{ git: { setup: './bad.setup.ts' } }`,
      'OsrunError: The setup of recipe "git", ./bad.setup.ts, cannot be loaded:',
      { 'bad.setup.ts': `import './nowhere.ts'\nexport default () => {}` },
    ],
    [
      'a module that fails when it is loaded',
      `{ git: { setup: './bad.setup.ts' } }`,
      'OsrunError: The setup of recipe "git", ./bad.setup.ts, cannot be loaded: no key',
      { 'bad.setup.ts': `throw new Error('no key')` },
    ],
  ])('%s', async (_, snapshots, message, files) => {
    const { exitCode, output, methods } = await runProject({
      'vitest.config.ts': config(snapshots),
      'git.setup.ts': setup,
      ...files,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain(message)
    expect(methods).not.toContain('acquire')
  })
})

describe('a recipe', () => {
  test('is built once, known by its own name, and has its content in the store’s', async () => {
    await using peer = await startRoom()
    await using project = await createProject({
      'vitest.config.ts': config(`{ git: { setup: './git.setup.ts' } }`, ", snapshot: 'git'"),
      'git.setup.ts': setup,
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        test('is in the recipe’s state', async ({ win }) => {
          expect(win.snapshotName).toBe('git')
          await win.restore('git')
          await win.restore()
          expect(win.snapshotName).toBe('git')
        })
      `,
    })
    const first = start(project, peer)
    await first.ended
    expect(first.output()).toContain('1 passed')
    expect(peer.templates.map(({ name }) => name)).toEqual(['provisioned', expect.stringMatching(/^git-[0-9a-f]{16}$/)])
    const [, built] = peer.templates
    const acquired = peer.asked.filter(({ method }) => method === 'acquire').map(({ params }) => params['snapshot'])
    expect(acquired).toEqual(['provisioned', built?.name])
    const restored = peer.asked.filter(({ method }) => method === 'restore').map(({ params }) => params)
    expect(restored).toEqual([{ snapshot: built?.name }, {}])
    expect(await start(project, peer).ended).toBe(0)
    expect(peer.templates).toHaveLength(2)
  })

  test('whose setup takes too long fails, and is not kept', async () => {
    const { exitCode, output, methods } = await runProject({
      'vitest.config.ts': config(`{ git: { setup: './git.setup.ts', timeout: 300 } }`),
      'git.setup.ts': `export default () => new Promise(() => {})`,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain(
      'The setup of recipe "git", ./git.setup.ts, failed: it took longer than its `timeout` of 300 milliseconds',
    )
    expect(methods).not.toContain('snapshot')
  })

  test('whose setup leaves the machine in another state than it builds on fails', async () => {
    const { exitCode, output } = await runProject({
      'vitest.config.ts': config(`{ git: { setup: './git.setup.ts' } }`),
      'git.setup.ts': `export default (win) => win.restore('other')`,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('it restored the machine to "other", and `snapshots.git.from` is "provisioned"')
  })

  test('that cannot be published is told by its own name', async () => {
    const { exitCode, output } = await runProject(
      { 'vitest.config.ts': config(`{ git: { setup: './git.setup.ts' } }`), 'git.setup.ts': setup },
      { snapshot: ({ name }) => ({ error: { code: 'DISK_FULL', message: `Snapshot "${name}" needs 1 GiB.` } }) },
    )
    expect(exitCode).toBe(1)
    expect(output).toContain('OsrunError: Recipe "git": Snapshot "git" needs 1 GiB.')
  })

  test('of one project is not another’s, though both have the same name', async () => {
    const { exitCode, output, asked } = await runProject({
      'vitest.config.ts': `
        import { osrun } from 'vitest-environment-osrun/plugin'
        const project = (name, setup) => ({
          plugins: [osrun({ snapshot: 'git', snapshots: { git: { setup }, same: { setup: './same.ts' } } })],
          test: { name, include: [name + '.test.ts'] },
        })
        export default { test: { projects: [project('a', './a.setup.ts'), project('b', './b.setup.ts')] } }
      `,
      'a.setup.ts': setup,
      'b.setup.ts': `${setup} // another`,
      'same.ts': setup,
      'b.test.ts': passing,
    })
    expect(output).toContain('2 passed')
    expect(exitCode).toBe(0)
    const made = asked.filter(({ method }) => method === 'snapshot').map(({ params }) => String(params['name']))
    expect(made.map((name) => name.replace(/-[0-9a-f]{16}$/, ''))).toEqual(['git', 'same', 'git'])
    const used = asked.filter(({ method }) => method === 'acquire').map(({ params }) => params)
    const inFiles = used.filter(({ label }) => !String(label).startsWith('recipe')).map(({ snapshot }) => snapshot)
    expect(inFiles.sort()).toEqual(made.filter((name) => name.startsWith('git')).sort())
    expect(output.match(/in git/g)).toHaveLength(2)
  })
})

describe('in watch mode', () => {
  test('an edit of a setup builds it and runs the files; one that fails fails the files, and can be mended', async () => {
    await using peer = await startRoom()
    await using project = await createProject({
      'vitest.config.ts': config(`{ git: { setup: './git.setup.ts' } }`, ", snapshot: 'git'"),
      'git.setup.ts': `import { command } from './command.ts'\nexport default (win) => win.run(command)`,
      'command.ts': `export const command = 'one'`,
      'a.test.ts': passing,
    })
    const run = start(project, peer, '--watch')
    const says = (text: string) => expect.poll(() => run.output(), { timeout: 30_000 }).toContain(text)
    const builds = () => peer.templates.filter(({ recipe }) => recipe?.name === 'git').length
    try {
      await says('Waiting for file changes')
      expect(builds()).toBe(1)
      await writeFile(join(project.folder, 'command.ts'), `export const command = 'two'`)
      await expect.poll(builds, { timeout: 30_000 }).toBe(2)
      expect(peer.commands).toEqual([expect.stringContaining('one'), expect.stringContaining('two')])
      await writeFile(join(project.folder, 'command.ts'), `throw new Error('broken')`)
      await says('cannot be loaded: broken')
      await writeFile(join(project.folder, 'command.ts'), `export const command = 'three'`)
      await expect.poll(builds, { timeout: 30_000 }).toBe(3)
      expect(peer.commands.at(-1)).toContain('three')
    } finally {
      process.kill(run.pid, 'SIGTERM')
      await run.ended
    }
  })
})
