import type { AptSource } from './apt-sources.ts'
import { isAtLeast } from './check.ts'
import type { Release } from './os-release.ts'
import { describeRequirement, type Requirement } from './requirements.ts'

/** What decides how a host comes by its packages. */
export interface PackageHost {
  readonly platform: NodeJS.Platform
  readonly release: Release | undefined
  /** Whether `apt-get` is there. */
  readonly apt: boolean
  readonly sources: readonly AptSource[]
}

/** How to come by what is missing: what apt has to do, or what only a person can do (without a full stop). */
export type Plan = AptPlan | { readonly by: 'hand'; readonly sentence: string }

export interface AptPlan {
  readonly by: 'apt'
  readonly packages: readonly { readonly name: string; readonly from: string }[]
  /** The file that has to be written first. */
  readonly source?: { readonly path: string; readonly text: string }
  /** Command lines, in this order. */
  readonly commands: readonly (readonly [string, ...string[]])[]
}

/**
 * What to do so that nothing is missing.
 * @param etc where the file that makes backports known will be, default `/etc`
 */
export function planInstallation(missing: readonly Requirement[], host: PackageHost, etc = '/etc'): Plan {
  if (!host.apt) {
    return { by: 'hand', sentence: adviceWithoutApt(missing, host) }
  }
  const nowhere = missing.filter((requirement) => originOf(requirement, host.release) === 'nowhere')
  if (nowhere.length > 0) {
    const names = list(nowhere.map(describeRequirement))
    return { by: 'hand', sentence: `${host.release?.name} has no packages of ${names}. ${otherRuntime}` }
  }
  const fromBackports = missing.filter((requirement) => originOf(requirement, host.release) === 'backports')
  const fromRelease = missing.filter((requirement) => !fromBackports.includes(requirement))
  const suite = `${host.release?.codename}-backports`
  const source = fromBackports.length === 0 ? undefined : backportsSource(host, suite)
  if (source === 'unknown') {
    const sentence = `apt on this host has no source for ${host.release?.codename} from which ${suite} could be derived. `
    return { by: 'hand', sentence: `${sentence}Configure ${suite} in /etc/apt, and run this again` }
  }
  const [backported, own] = [packageNames(fromBackports), packageNames(fromRelease)]
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends'] as const
  return {
    by: 'apt',
    packages: [
      ...backported.map((name) => ({ name, from: suite })),
      ...own.map((name) => ({ name, from: host.release?.codename ?? host.release?.name ?? 'apt' })),
    ],
    ...(source === undefined
      ? {}
      : { source: { path: `${etc}/apt/sources.list.d/osrun-backports.sources`, ...source } }),
    commands: [
      ['apt-get', 'update'],
      ...(backported.length === 0 ? [] : [[...install, '--target-release', suite, ...backported] as const]),
      ...(own.length === 0 ? [] : [[...install, ...own] as const]),
    ],
  }
}

const otherRuntime = 'Start a Docker Engine, which needs none of this on the host, or install them from elsewhere'

function originOf({ tooOldIn }: Requirement, release: Release | undefined): 'release' | 'backports' | 'nowhere' {
  const last = release && tooOldIn?.last[release.id]
  // What has no version yet is newer than all releases; of other systems nothing is known before it was tried.
  if (last === undefined || release?.version === undefined || !isAtLeast(last, release.version)) {
    return 'release'
  }
  return tooOldIn?.backports.includes(release.codename ?? '') ? 'backports' : 'nowhere'
}

/** A source for the suite from where the release itself comes from, or undefined if the suite is configured. */
function backportsSource({ release, sources }: PackageHost, suite: string): { text: string } | 'unknown' | undefined {
  const binary = sources.filter(({ types }) => types.includes('deb'))
  if (binary.some(({ suites }) => suites.includes(suite))) {
    return undefined
  }
  const main = binary.find(
    ({ uris, suites, components }) =>
      suites.includes(release?.codename ?? '') &&
      components.includes('main') &&
      uris.some((uri) => !uri.startsWith('cdrom:')),
  )
  if (main === undefined) {
    return 'unknown'
  }
  const kept = [...main.fields].filter(([name]) => !ofOneSuite.has(name))
  const fields = [['Types', 'deb'], ['URIs', main.uris.join(' ')], ['Suites', suite], ['Components', 'main'], ...kept]
  return { text: `# Made by osrun for QEMU.\n${fields.map(([name, value]) => `${name}: ${value}\n`).join('')}` }
}

const ofOneSuite: ReadonlySet<string> = new Set(['Description', 'X-Repolib-Name', 'InRelease-Path', 'Snapshot'])

function packageNames(missing: readonly Requirement[]): string[] {
  return [...new Set(missing.map(({ packages }) => packages.apt))]
}

function adviceWithoutApt(missing: readonly Requirement[], { platform, release }: PackageHost): string {
  const manager = platform === 'darwin' ? 'brew' : isFedora(release) ? 'dnf' : undefined
  const names = new Set(
    missing.map(({ packages }) => manager && packages[manager]).filter((name) => name !== undefined),
  )
  const unknown = missing.filter(({ packages }) => manager === undefined || packages[manager] === undefined)
  const sudo = manager === 'dnf' ? 'sudo ' : ''
  return [
    'osrun installs with apt only, which this host does not have',
    ...(names.size > 0 ? [`Run \`${sudo}${manager} install ${[...names].join(' ')}\``] : []),
    ...(unknown.length > 0 ? [`No package is known here for ${list(unknown.map(describeRequirement))}`] : []),
    ...(missing.some(({ purpose }) => purpose === 'machines' || purpose === 'wine') ? [otherRuntime] : []),
  ].join('. ')
}

function isFedora(release: Release | undefined): boolean {
  return release !== undefined && [release.id, ...release.like].some((id) => id === 'fedora' || id === 'rhel')
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
