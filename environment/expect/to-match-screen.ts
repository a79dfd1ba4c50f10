import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import * as v from 'valibot'
import { type RunnerTestCase, recordArtifact } from 'vitest'
import type { Screenshot } from '../../src/client/win.ts'
import { checkOptions } from '../../src/protocol/check-options.ts'
import { OsrunError } from '../../src/protocol/errors.ts'
import { checkName } from '../../src/protocol/names.ts'
import { findSession } from '../current-session.ts'
import { evidenceFolder, testFolder } from '../failure/folder.ts'
import { attemptOf, placeOf } from '../failure/vitest-hook.ts'
import type { Area } from './picture.ts'
import {
  isWin,
  type MatcherOutcome,
  type MatcherThis,
  notExpected,
  type PollOptions,
  pollEntries,
  wanted,
} from './poll.ts'
import { type Ended, settle } from './settle.ts'

/** How a screen is compared. */
export interface ScreenOptions extends PollOptions {
  /** 0 to 1: how unlike two colours may be and still count as one. Default 0.1. */
  readonly threshold?: number
  /** Parts of the screen that do not count: a clock, a caret that blinks. */
  readonly masks?: readonly Area[]
  /** How many pixels may differ. Default 0. */
  readonly allowedMismatchedPixels?: number
}

const pixel = v.pipe(v.number('whole pixels'), v.integer('whole pixels'), v.minValue(0, 'pixels from 0 on'))
const options = v.strictObject({
  ...pollEntries,
  threshold: v.optional(v.pipe(v.number('a number'), v.minValue(0, 'from 0 to 1'), v.maxValue(1, 'from 0 to 1')), 0.1),
  masks: v.optional(v.array(v.strictObject({ x: pixel, y: pixel, width: pixel, height: pixel }), 'areas'), []),
  allowedMismatchedPixels: v.optional(pixel, 0),
})

interface ScreenThis extends MatcherThis {
  readonly testPath?: string
  readonly task?: Readonly<RunnerTestCase>
  readonly snapshotState: { readonly snapshotUpdateState: 'all' | 'new' | 'none' }
}

/**
 * The screen looks as the reference of this name, a file in `__screenshots__` beside the test file. Of a machine it is
 * looked at until it does, or comes to rest otherwise; of a screenshot once. Without a reference, one is written and the
 * test fails, so that somebody looks at it; `vitest --update` writes it anew.
 */
export async function toMatchScreen(
  this: MatcherThis,
  received: unknown,
  name: string,
  screenOptions: ScreenOptions = {},
): Promise<MatcherOutcome> {
  const { testPath, task, snapshotState } = this as ScreenThis
  const isNot = !wanted(this)
  checkName('name', name)
  const checked = checkOptions(options, screenOptions, 'the options of `toMatchScreen`')
  if (testPath === undefined) {
    throw new OsrunError('BAD_OPTION', '`toMatchScreen` needs a running test: use `expect` inside one')
  }
  const reference = referencePath(testPath, name, received)
  const update = snapshotState.snapshotUpdateState
  const stored = await readFile(reference).catch(() => undefined)
  const expected = update === 'all' && !isNot ? undefined : stored
  const ended = await settle(sourceOf(received), expected, checked)
  const place = relative(process.cwd(), reference)
  if (ended.kind === 'restless') {
    return {
      pass: isNot,
      message: () => `expected the screen to come to rest: it still changed after ${ended.after} ms`,
    }
  }
  if (expected !== undefined) {
    const { kind, pixels } = ended
    const pass = kind === 'same'
    const files = pass || isNot ? '' : await keep(task, name, reference, expected, ended)
    const why = `expected the screen ${pass ? 'not ' : ''}to match ${place}`
    return { pass, message: () => (pass ? why : `${why}: ${pixels} pixels differ${files}`) }
  }
  if (isNot || update === 'none') {
    const how = update === 'none' ? 'Run it where references are written: not on CI, or with --update.' : ''
    return { pass: isNot, message: () => `there is no reference ${place} to compare the screen with. ${how}`.trim() }
  }
  await mkdir(dirname(reference), { recursive: true })
  await writeFile(reference, ended.png)
  return {
    pass: update === 'all',
    message: () => `there was no reference ${place}, so the screen was written there: look at it, and run again`,
  }
}

/** As Vitest names the references of its own matcher, with the guest in place of the browser. */
function referencePath(testPath: string, name: string, received: unknown): string {
  const guest = (isWin(received) ? received : findSession()?.win)?.guest
  const file = guest === undefined ? `${name}.png` : `${name}-${guest}.png`
  return join(dirname(testPath), '__screenshots__', basename(testPath), file)
}

function sourceOf(received: unknown): { look(): Promise<Uint8Array>; changes: boolean } {
  if (isWin(received)) {
    return { look: async () => (await received.screenshot()).png, changes: true }
  }
  if (typeof received === 'object' && received !== null && 'png' in received && 'width' in received) {
    const { png } = received as Screenshot
    return { look: async () => png, changes: false }
  }
  throw notExpected('toMatchScreen', 'the machine or a screenshot: `expect(win)`', received)
}

interface Kept {
  readonly name: 'reference' | 'actual' | 'diff'
  readonly path: string
  readonly png: Uint8Array
}

/** Keeps the pictures with the test's evidence, tells the reporters, and says where they are. */
async function keep(
  task: Readonly<RunnerTestCase> | undefined,
  name: string,
  reference: string,
  expected: Uint8Array,
  { png, diff }: Extract<Ended, { png: Uint8Array }>,
): Promise<string> {
  if (task === undefined) {
    return ''
  }
  const attempt = attemptOf(task).replaceAll(' ', '-')
  const folder = join(testFolder(evidenceFolder(process.env), placeOf(task)), attempt)
  await mkdir(folder, { recursive: true })
  const pictures: Kept[] = [
    { name: 'reference', path: reference, png: expected },
    { name: 'actual', path: join(folder, `${name}-actual.png`), png },
    ...(diff === undefined ? [] : [{ name: 'diff' as const, path: join(folder, `${name}-diff.png`), png: diff }]),
  ]
  for (const { path, png: bytes } of pictures.slice(1)) {
    await writeFile(path, bytes)
  }
  const message = 'The screen does not match its reference'
  const attachments = pictures.map(({ name: which, path, png: bytes }) => {
    return { name: which, path, contentType: 'image/png', ...sizeOf(bytes) }
  })
  await recordArtifact(task as RunnerTestCase, {
    ...{ type: 'internal:toMatchScreenshot', kind: 'visual-regression', message, attachments },
  }).catch(() => {})
  return `\n${pictures.map(({ name: which, path }) => `\n${which}: ${relative(process.cwd(), path)}`).join('')}`
}

/** Of a PNG, which was decoded before. */
function sizeOf(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}
