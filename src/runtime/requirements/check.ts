import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { execa } from 'execa'
import { type Purpose, type Requirement, requirements, type VersionRule } from './requirements.ts'

/** A requirement and what this host has of it. */
export interface Checked {
  readonly requirement: Requirement
  /** `broken`: it is there, but does not tell its version. */
  readonly state: 'ok' | 'missing' | 'too old' | 'broken'
  readonly path?: string
  readonly version?: string
  /** What it said instead of its version. */
  readonly words?: string
}

/** Looks at what these purposes need on this host, in the order of `requirements`. */
export function checkRequirements(purposes: readonly Purpose[]): Promise<Checked[]> {
  const root = process.getuid?.() === 0
  return Promise.all(requirementsFor(purposes, { platform: process.platform, root }).map(check))
}

/** What these purposes need on such a host. */
export function requirementsFor(
  purposes: readonly Purpose[],
  host: { platform: NodeJS.Platform; root: boolean },
): Requirement[] {
  return requirements.filter(
    ({ purpose, platform = host.platform, rootless = false }) =>
      purposes.includes(purpose) && platform === host.platform && !(rootless && host.root),
  )
}

/** What this host has of a requirement, for a person: "7.2.22 is too old, 10.0 or newer is needed (/usr/bin/qemu-img)". */
export function describeState({ requirement: { version: rule }, state, path, version, words }: Checked): string {
  const needed = rule?.minimum === undefined ? '' : `, ${rule.minimum} or newer is needed`
  switch (state) {
    case 'ok':
      return version === undefined ? `${path}` : `${version} (${path})`
    case 'missing':
      return `not found${needed}`
    case 'too old':
      return `${version} is too old${needed} (${path})`
    case 'broken':
      return `does not tell its version${needed} (${path}): ${words || 'it said nothing'}`
  }
}

/** What the requirement is called in a list. */
export function titleOf({ title, name }: Requirement): string {
  return title ?? name
}

/** The version in what a program said about itself. */
export function readVersion({ pattern }: VersionRule, output: string): string | undefined {
  return pattern.exec(output)?.[1]
}

/** Compares version numbers part by part; a part that is missing counts as 0. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, want] = [version, minimum].map((text) => text.split('.').map(Number))
  for (const [index, part] of (want ?? []).entries()) {
    const difference = (have?.[index] ?? 0) - part
    if (difference !== 0) {
      return difference > 0
    }
  }
  return true
}

/** The path of the program that a command of this name starts, or of one among the system's own programs. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)
  // An ordinary user's PATH may lack the folders where Debian puts mke2fs.
  for (const folder of [...folders, '/usr/sbin', '/sbin']) {
    const path = join(folder, name)
    if (await allows(path, constants.X_OK)) {
      return path
    }
  }
  return undefined
}

async function check(requirement: Requirement): Promise<Checked> {
  const { name, orElse = [], version: rule } = requirement
  if (isAbsolute(name)) {
    for (const path of [name, ...orElse]) {
      if (await allows(path, constants.R_OK)) {
        return { requirement, state: 'ok', path }
      }
    }
    return { requirement, state: 'missing', path: name }
  }
  const paths = await Promise.all([name, ...orElse].map(findProgram))
  const path = paths.find((each) => each !== undefined)
  if (path === undefined) {
    return { requirement, state: 'missing' }
  }
  if (rule === undefined) {
    return { requirement, state: 'ok', path }
  }
  const run = await execa(path, [...rule.arguments], { reject: false, all: true, stdin: 'ignore', timeout: 20_000 })
  const version = readVersion(rule, run.all)
  if (version === undefined) {
    const words = run.all.trim().split('\n').slice(-1).join('').slice(0, 300)
    return { requirement, state: 'broken', path, words: words || run.shortMessage || '' }
  }
  const enough = rule.minimum === undefined || isAtLeast(version, rule.minimum)
  return { requirement, state: enough ? 'ok' : 'too old', path, version }
}

function allows(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
