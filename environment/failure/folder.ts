import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Environment } from '../../src/runtime/settings.ts'

/** Where a test stands. */
export interface TestPlace {
  /** Of Vitest's project; empty where there is only one. */
  readonly project: string
  /** Path of the test file from the project's root. */
  readonly file: string
  /** Names of the describe blocks and of the test. */
  readonly names: readonly string[]
  /** Tells it from tests of the same names. */
  readonly id: string
}

/** Environment variable in which the global setup tells the workers where evidence goes. */
export const evidenceVariable = 'OSRUN_EVIDENCE'

const longestName = 60

/** Where evidence goes: below Vitest's attachments, or where no global setup said so, where those are by default. */
export function evidenceFolder(environment: Environment): string {
  return environment[evidenceVariable] ?? resolve('.vitest/attachments/osrun')
}

/** The folder of a test file's evidence, below the run's. */
export function fileFolder(root: string, project: string, file: string): string {
  const parts = file.split('/').map((part) => (part === '..' ? '_' : part))
  return join(root, ...(project === '' ? [] : [safeName(project)]), ...parts)
}

/** The folder of one test's evidence, below the run's. Each test has its own, whatever the tests are called. */
export function testFolder(root: string, { project, file, names, id }: TestPlace): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([names, id]))
    .digest('hex')
    .slice(0, 6)
  return join(fileFolder(root, project, file), `${safeName(names.join(' '))}-${hash}`)
}

/** The folder of one attempt's evidence: the test's own, and of a repeated one a folder in it. */
export function attemptFolder(root: string, { place, attempt }: { place: TestPlace; attempt: string }): string {
  return join(testFolder(root, place), ...(attempt === '' ? [] : [attempt.replaceAll(' ', '-')]))
}

/** Part of a path that every file system and shell takes as it is. */
function safeName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, longestName)
  return safe.replace(/^-+|-+$/g, '') || 'test'
}
