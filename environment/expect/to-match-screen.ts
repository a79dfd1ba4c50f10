import { type RunnerTestCase, recordArtifact } from 'vitest'
import { OsrunError } from '../../src/protocol/errors.ts'
import { findSession } from '../current-session.ts'
import { attemptFolder, evidenceFolder } from '../failure/folder.ts'
import { attemptOf, placeOf } from '../failure/vitest-hook.ts'
import { compareScreen, type KeptPicture, type ScreenOptions } from './compare-screen.ts'
import { type MatcherOutcome, type MatcherThis, wanted } from './poll.ts'

export type { ScreenOptions }

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
  if (testPath === undefined) {
    throw new OsrunError('BAD_OPTION', '`toMatchScreen` needs a running test: use `expect` inside one')
  }
  return compareScreen(received, name, screenOptions, {
    ...{ file: testPath, isNot: !wanted(this), updateFlag: '--update' },
    update: snapshotState.snapshotUpdateState,
    guest: () => findSession()?.win.guest,
    folder: () =>
      task && attemptFolder(evidenceFolder(process.env), { place: placeOf(task), attempt: attemptOf(task) }),
    tell: async (pictures) => task && tell(task as RunnerTestCase, pictures),
  })
}

async function tell(task: RunnerTestCase, pictures: readonly KeptPicture[]): Promise<void> {
  const message = 'The screen does not match its reference'
  const attachments = pictures.map(({ name, path, png }) => ({ name, path, contentType: 'image/png', ...sizeOf(png) }))
  await recordArtifact(task, {
    ...{ type: 'internal:toMatchScreenshot', kind: 'visual-regression', message, attachments },
  }).catch(() => {})
}

/** Of a PNG, which was decoded before. */
function sizeOf(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}
