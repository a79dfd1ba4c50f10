import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import * as v from 'valibot'
import type { Screenshot } from '../../src/client/win.ts'
import { checkOptions } from '../../src/protocol/check-options.ts'
import { checkName } from '../../src/protocol/names.ts'
import type { Area } from './picture.ts'
import { isWin, type MatcherOutcome, notExpected, type PollOptions, pollEntries } from './poll.ts'
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

/** What a test runner knows of the test in which a screen is compared. */
export interface ScreenTest {
  /** Absolute path of the test file. */
  readonly file: string
  readonly isNot: boolean
  /** Which references are written: all anew, those that are missing, or none. */
  readonly update: 'all' | 'new' | 'none'
  /** What of the runner's command line writes them anew. */
  readonly updateFlag: string
  /** Of the test's machine. */
  guest(): string | undefined
  /** Where the pictures of a difference go; undefined where nobody knows. */
  folder(): string | undefined
  /** Tells them to who reports. */
  tell(pictures: readonly KeptPicture[]): Promise<void>
}

/** A picture that is kept because the screen differs. */
export interface KeptPicture {
  readonly name: 'reference' | 'actual' | 'diff'
  readonly path: string
  readonly png: Uint8Array
}

/**
 * The screen looks as the reference of this name, a file in `__screenshots__` beside the test file. Of a machine it is
 * looked at until it does, or comes to rest otherwise; of a screenshot once. Without a reference, one is written and the
 * test fails, so that somebody looks at it.
 */
export async function compareScreen(
  received: unknown,
  name: string,
  screenOptions: ScreenOptions,
  test: ScreenTest,
): Promise<MatcherOutcome> {
  const { isNot, update } = test
  checkName('name', name)
  const checked = checkOptions(options, screenOptions, 'the options of `toMatchScreen`')
  const reference = referencePath(test, name, received)
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
    const files = pass || isNot ? '' : await keep(test, name, reference, expected, ended)
    const why = `expected the screen ${pass ? 'not ' : ''}to match ${place}`
    return { pass, message: () => (pass ? why : `${why}: ${pixels} pixels differ${files}`) }
  }
  if (isNot || update === 'none') {
    const how = update === 'none' ? `Run it where references are written: not on CI, or with ${test.updateFlag}.` : ''
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
function referencePath(test: ScreenTest, name: string, received: unknown): string {
  const guest = isWin(received) ? received.guest : test.guest()
  const picture = guest === undefined ? `${name}.png` : `${name}-${guest}.png`
  return join(dirname(test.file), '__screenshots__', basename(test.file), picture)
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

/** Keeps the pictures with the test's evidence, has them told, and says where they are. */
async function keep(
  test: ScreenTest,
  name: string,
  reference: string,
  expected: Uint8Array,
  { png, diff }: Extract<Ended, { png: Uint8Array }>,
): Promise<string> {
  const folder = test.folder()
  if (folder === undefined) {
    return ''
  }
  await mkdir(folder, { recursive: true })
  const pictures: KeptPicture[] = [
    { name: 'reference', path: reference, png: expected },
    { name: 'actual', path: join(folder, `${name}-actual.png`), png },
    ...(diff === undefined ? [] : [{ name: 'diff' as const, path: join(folder, `${name}-diff.png`), png: diff }]),
  ]
  for (const { path, png: bytes } of pictures.slice(1)) {
    await writeFile(path, bytes)
  }
  await test.tell(pictures)
  return `\n${pictures.map(({ name: which, path }) => `\n${which}: ${relative(process.cwd(), path)}`).join('')}`
}
