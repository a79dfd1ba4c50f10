import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { installDependencies } from '../../src/inside/dependencies/install.ts'
import { dependencyKey, readIngredients } from '../../src/inside/dependencies/key.ts'
import { managerOf } from '../../src/inside/dependencies/managers.ts'
import { withoutOurselves } from '../../src/inside/dependencies/ourselves.ts'
import { type Installed, ScriptsFinder, walkInstalled } from '../../src/inside/dependencies/walk.ts'
import { findProject, guestFolder } from '../../src/inside/project.ts'
import { newest } from '../../src/inside/windows-node.ts'
import { temporaryProject } from './project.ts'

test.each([
  ['package-lock.json', '{}', 'npm', 'npm ci --os=win32 --cpu=x64 --ignore-scripts'],
  ['npm-shrinkwrap.json', '{}', 'npm', 'npm ci --os=win32 --cpu=x64 --ignore-scripts'],
  ['pnpm-lock.yaml', 'x', 'pnpm', 'copy --os=win32 --cpu=x64'],
  ['yarn.lock', '__metadata:\n', 'yarn', 'yarn install --immutable --mode=skip-build'],
  ['yarn.lock', '# yarn lockfile v1\n', 'yarn 1', 'yarn install --frozen-lockfile --ignore-scripts --ignore-platform'],
])('%s with %j is of %s, which installs with %s', async (lockfile, text, name, command) => {
  await using project = await temporaryProject({ [lockfile]: text }, { git: false })
  const manager = managerOf(project.folder)
  expect(manager?.name).toBe(name)
  expect(manager?.commands.at(-1)?.join(' ')).toContain(command)
})

test('the project is where the nearest lockfile is, at the folder or above it', async () => {
  await using project = await temporaryProject({ 'package-lock.json': '{}', 'packages/a/x.ts': '' }, { git: false })
  const { folder } = project
  expect(findProject(join(folder, 'packages/a'))).toMatchObject({ root: folder, cwd: 'packages/a' })
  expect(findProject(folder)).toMatchObject({ root: folder, cwd: '' })
})

test('a folder without a lockfile is told which there are', async () => {
  await using project = await temporaryProject({}, { git: false })
  expect(() => findProject(project.folder)).toThrow(/Expected a lockfile \(pnpm-lock.yaml, .*package-lock.json/)
})

test.each([
  ['/home/me/my-lib', 'C:\\inside\\my-lib'],
  ['/home/me/mein Projekt.', 'C:\\inside\\mein-Projekt'],
  ['/home/me/.hidden', 'C:\\inside\\hidden'],
  ['/', 'C:\\inside\\project'],
])('%s is %s in the guest', (root, guest) => {
  expect(guestFolder(root)).toBe(guest)
})

test('the key changes with what decides about the dependencies, and with nothing else', async () => {
  const manifest = { name: 'a', version: '1.0.0', scripts: { test: 'vitest' }, dependencies: { b: '1' } }
  await using project = await temporaryProject({ 'package-lock.json': '{}', 'package.json': JSON.stringify(manifest) })
  const key = async (...more: string[]) =>
    dependencyKey(await readIngredients(findProject(project.folder), ['package.json', 'src/a.ts']), more)
  const first = await key('24')
  expect(await key('22')).not.toBe(first)
  await project.write('package.json', JSON.stringify({ ...manifest, version: '2.0.0', scripts: {} }))
  expect(await key('24')).toBe(first)
  await project.write('package.json', JSON.stringify({ ...manifest, dependencies: { b: '2' } }))
  expect(await key('24')).not.toBe(first)
  await project.write('package.json', JSON.stringify(manifest))
  await project.write('.npmrc', 'legacy-peer-deps=true')
  expect(await key('24')).not.toBe(first)
})

test('osrun itself does not go into the guest', () => {
  const manifest = { dependencies: { a: '1' }, devDependencies: { 'vitest-environment-osrun': '1', vitest: '5' } }
  const without = { dependencies: { a: '1' }, devDependencies: { vitest: '5' } }
  expect(JSON.parse(withoutOurselves('packages/x/package.json', JSON.stringify(manifest)))).toEqual(without)
  const lock = { packages: { '': manifest, 'node_modules/vitest-environment-osrun': { version: '1' } } }
  expect(JSON.parse(withoutOurselves('package-lock.json', JSON.stringify(lock))).packages['']).toEqual(without)
})

async function collect(found: AsyncIterable<Installed>): Promise<string[]> {
  const paths: string[] = []
  for await (const each of found) {
    paths.push(each.kind === 'link' ? `${each.path} -> ${each.target}` : each.path)
  }
  return paths.sort()
}

test('npm installs workspaces as links, from the lockfile, in a folder that goes away', async () => {
  await using project = await temporaryProject({
    'package.json': '{ "name": "root", "private": true, "workspaces": ["packages/*"] }',
    'packages/a/package.json': '{ "name": "a", "version": "1.0.0", "scripts": { "postinstall": "touch ran" } }',
  })
  await execa('npm', ['install', '--package-lock-only', '--offline'], { cwd: project.folder })
  const found = findProject(project.folder)
  const ingredients = await readIngredients(found, ['package.json', 'packages/a/package.json'])
  let folder: string
  {
    await using installed = await installDependencies(found, ingredients)
    folder = installed.folder
    expect(await collect(walkInstalled(folder))).toEqual([
      'node_modules/.package-lock.json',
      'node_modules/a -> packages/a',
    ])
  }
  await expect(collect(walkInstalled(folder))).rejects.toThrow('ENOENT')
})

test("an installation that fails has the package manager's words", async () => {
  await using project = await temporaryProject({ 'package.json': '{ "name": ', 'package-lock.json': '{}' })
  const found = findProject(project.folder)
  await expect(installDependencies(found, await readIngredients(found, []))).rejects.toMatchObject({
    code: 'PROJECT_UNFIT',
    message: expect.stringMatching(/`npm ci .*` failed.*JSON/s),
  })
})

test('a package manager that is not there is named', async () => {
  await using project = await temporaryProject({ 'package-lock.json': '{}' }, { git: false })
  const found = findProject(project.folder)
  const manager = { ...found.manager, name: 'pnpm', commands: [['osrun-no-such-program']] } as const
  await expect(installDependencies({ ...found, manager }, [])).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringContaining('no program pnpm'),
  })
})

test('what is installed is found wherever it lies, without programs and caches of this computer', async () => {
  await using project = await temporaryProject(
    {
      'src/index.ts': '',
      'node_modules/a/index.js': '',
      'node_modules/a/node_modules/b/index.js': '',
      'node_modules/.bin/tool': '',
      'node_modules/.cache/x': '',
      'packages/x/node_modules/c/index.js': '',
    },
    { git: false },
  )
  await symlink('/etc', join(project.folder, 'node_modules/etc'))
  expect(await collect(walkInstalled(project.folder))).toEqual([
    'node_modules/a/index.js',
    'node_modules/a/node_modules/b/index.js',
    'packages/x/node_modules/c/index.js',
  ])
})

test('packages of other systems, which Yarn 1 installs as well, stay here', async () => {
  const packages = {
    'node_modules/@r/linux-x64/package.json': { os: ['linux'], cpu: ['x64'] },
    'node_modules/@r/win32-arm64/package.json': { os: ['win32'], cpu: ['arm64'] },
    'node_modules/@r/win32-x64/package.json': { os: ['win32'], cpu: ['x64'] },
    'node_modules/not-windows/package.json': { os: ['!win32'] },
    'node_modules/not-darwin/package.json': { os: ['!darwin'], cpu: 'x64' },
  }
  const files = Object.fromEntries(Object.entries(packages).map(([path, content]) => [path, JSON.stringify(content)]))
  await using project = await temporaryProject(files, { git: false })
  expect(await collect(walkInstalled(project.folder))).toEqual([
    'node_modules/@r/win32-x64/package.json',
    'node_modules/not-darwin/package.json',
  ])
})

test('a pnpm that cannot be told the platform is told by the manifest', async () => {
  await using project = await temporaryProject({
    'package.json': '{ "name": "root", "pnpm": { "overrides": {} } }',
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
    'patches/a.patch': 'a patch',
  })
  const found = findProject(project.folder)
  const [, ...words] = found.manager.commands[0] ?? []
  // What pnpm 9 does, with a program that is always there.
  const program = `
    if (process.argv.some((word) => word.startsWith('--os'))) {
      console.log(" ERROR  Unknown options: 'os', 'cpu'")
      process.exit(1)
    }
    require('fs').writeFileSync('ran.json', require('fs').readFileSync('package.json'))
  `
  const standIn = ['-e', program, '--'] as const
  const { older, ...others } = found.manager
  const manager = {
    ...others,
    commands: [[process.execPath, ...standIn, ...words] as const],
    ...(older && { older: { ...older, commands: [[process.execPath, ...standIn] as const] } }),
  }
  const ingredients = await readIngredients(found, ['patches/a.patch', 'src/a.ts'])
  expect(ingredients.map(({ path }) => path)).toEqual(['package.json', 'patches/a.patch', 'pnpm-lock.yaml'])
  await using installed = await installDependencies({ ...found, manager }, ingredients)
  expect(JSON.parse(await readFile(join(installed.folder, 'ran.json'), 'utf8'))).toEqual({
    name: 'root',
    pnpm: { overrides: {}, supportedArchitectures: { os: ['win32'], cpu: ['x64'] } },
  })
})

test('a package whose build for Windows the lockfile does not have is named', () => {
  const finder = new ScriptsFinder()
  const look = (name: string, optional: readonly string[]) =>
    finder.look(
      `node_modules/${name}/package.json`,
      Buffer.from(JSON.stringify({ optionalDependencies: Object.fromEntries(optional.map((each) => [each, '1'])) })),
    )
  look('rolldown', ['@rolldown/binding-win32-x64-msvc', '@rolldown/binding-linux-x64-gnu'])
  look('esbuild', ['@esbuild/win32-x64', '@esbuild/win32-arm64'])
  look('@esbuild/win32-x64', [])
  look('chokidar', ['fsevents'])
  expect(finder.missing()).toEqual(['rolldown (@rolldown/binding-win32-x64-msvc)'])
})

function unbuilt(files: Readonly<Record<string, object | string>>): string[] {
  const finder = new ScriptsFinder()
  for (const [path, content] of Object.entries(files)) {
    finder.look(path, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)))
  }
  return finder.found().map(({ name, scripts }) => `${name}: ${scripts}`)
}

test('packages whose install script has not run are named, unless something for Windows is there', () => {
  const files = {
    'node_modules/plain/package.json': { scripts: { test: 'x', prepare: 'x' } },
    'node_modules/addon/package.json': { scripts: { install: 'node-gyp rebuild' } },
    'node_modules/@s/downloads/package.json': { scripts: { postinstall: 'node get.js' } },
    'node_modules/esbuild/package.json': {
      scripts: { postinstall: 'node install.js' },
      optionalDependencies: { '@esbuild/win32-x64': '1', '@esbuild/linux-x64': '1' },
    },
    'node_modules/@esbuild/win32-x64/package.json': {},
    'node_modules/a/node_modules/ready/package.json': { scripts: { install: 'node-gyp-build' } },
    'node_modules/a/node_modules/ready/prebuilds/win32-x64/node.napi.node': '',
    'node_modules/broken/package.json': '{',
  }
  expect(unbuilt(files)).toEqual(['addon: install', '@s/downloads: postinstall'])
})

test.each([
  ['24', '24.21.0'],
  ['24.9', '24.9.1'],
  ['24.21.0', '24.21.0'],
  ['2', undefined],
  ['26', undefined],
])('of the versions in the cache, %s is %s', (asked, version) => {
  expect(newest(['24.9.1', '24.21.0', '.draft-x', '22.1.0'], asked)).toBe(version)
})
