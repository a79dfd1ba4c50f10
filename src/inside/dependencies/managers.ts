import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Command = readonly [string, ...string[]]

/** A package manager, and how it installs what Windows needs into a folder of any computer. */
export interface Manager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'yarn 1'
  readonly lockfile: string
  /** What decides about the result besides the lockfile and the manifests, where it exists. */
  readonly settings: readonly string[]
  /** The same for files that may have any name: what programs, plugins and patches of the project's own they are. */
  readonly more?: RegExp
  /** Programs with their arguments, one after the other. */
  readonly commands: readonly Command[]
  /** What to do where the program is too old for these commands. */
  readonly older?: Older
  readonly env: Readonly<Record<string, string>>
}

/** What an older program needs. */
interface Older {
  /** What it says of the newer commands. */
  readonly says: RegExp
  readonly commands: readonly Command[]
  /** The project's own manifest, with what the newer commands say. */
  manifest(text: string): string
}

// No script of a package runs: it would run on this computer, not in Windows.
const npm = {
  name: 'npm',
  settings: ['.npmrc'],
  commands: [
    ['npm', 'ci', '--os=win32', '--cpu=x64', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
  ],
  env: {},
} as const

const windows = { os: ['win32'], cpu: ['x64'] }

// Hoisted: pnpm's own layout is made of links to links, which a guest makes one by one.
const pnpm = [
  ...(['pnpm', 'install', '--frozen-lockfile', '--ignore-scripts'] as const),
  ...['--config.node-linker=hoisted', '--config.package-import-method=copy'],
] as const

/** By lockfile, in the order of preference. */
const managers: readonly Manager[] = [
  {
    name: 'pnpm',
    lockfile: 'pnpm-lock.yaml',
    settings: ['pnpm-workspace.yaml', '.npmrc', '.pnpmfile.cjs', '.pnpmfile.mjs'],
    more: /\.patch$/,
    commands: [[...pnpm, '--os=win32', '--cpu=x64']],
    older: {
      says: /Unknown option/i,
      commands: [pnpm],
      manifest(text) {
        const manifest: { pnpm?: object } = JSON.parse(text)
        return JSON.stringify({ ...manifest, pnpm: { ...manifest.pnpm, supportedArchitectures: windows } })
      },
    },
    env: { CI: 'true' },
  },
  {
    name: 'yarn',
    lockfile: 'yarn.lock',
    settings: ['.yarnrc.yml', '.npmrc'],
    more: /^\.yarn\/(releases|plugins|patches)\/|\.patch$/,
    commands: [
      ['yarn', 'config', 'set', '--json', 'supportedArchitectures', JSON.stringify(windows)],
      ['yarn', 'config', 'set', 'nodeLinker', 'node-modules'],
      ['yarn', 'install', '--immutable', '--mode=skip-build'],
    ],
    env: {},
  },
  { ...npm, lockfile: 'package-lock.json' },
  { ...npm, lockfile: 'npm-shrinkwrap.json' },
]

/** It cannot install for another platform, only for all of them. */
const yarnOne: Manager = {
  name: 'yarn 1',
  lockfile: 'yarn.lock',
  settings: ['.yarnrc', '.npmrc'],
  more: /^\.yarn\/releases\//,
  commands: [['yarn', 'install', '--frozen-lockfile', '--ignore-scripts', '--ignore-platform', '--non-interactive']],
  env: {},
}

/** Names of all lockfiles. */
export const lockfiles: readonly string[] = managers.map(({ lockfile }) => lockfile)

/** The package manager whose lockfile lies in that folder. */
export function managerOf(folder: string): Manager | undefined {
  const found = managers.find(({ lockfile }) => existsSync(join(folder, lockfile)))
  if (found?.name === 'yarn' && readFileSync(join(folder, found.lockfile), 'utf8').includes('# yarn lockfile v1')) {
    return yarnOne
  }
  return found
}
