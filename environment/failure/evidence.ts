import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Win } from '../../src/client/win.ts'
import { OsrunError, toOsrunError } from '../../src/protocol/errors.ts'
import type { CommandLog } from './command-log.ts'
import { attemptFolder, type TestPlace } from './folder.ts'
import { lastCommand, type ReportedTest, reportText } from './report.ts'

/** A test, as its runner tells of it at this moment. */
export interface ObservedTest {
  readonly place: TestPlace
  readonly state: 'passed' | 'failed' | 'running'
  /** Empty for the first attempt: `retry 1`, `repeat 2`. */
  readonly attempt: string
  /** Messages of the attempt's errors. */
  readonly errors: readonly string[]
}

/** What a test has its machine by. */
export interface ObservedMachine {
  /** @throws OsrunError where there is none */
  readonly win: () => Win
  readonly log: CommandLog
  /** The machine room is not this run's own: its token is not for files that people pass on. */
  readonly sharedRoom: boolean
  /** Keeps its state; undefined where that is not wanted. */
  readonly save?: ((test: ObservedTest) => Promise<KeptState>) | undefined
}

/** The state of a machine in which a test has failed. */
export interface KeptState {
  /** For `osrun replay`; undefined where there is none. */
  readonly id?: string
  /** Which it is, where it is not this test's own, or why there is none. */
  readonly note?: string
}

/** What was kept of one test. */
export interface Evidence {
  readonly folder: string
  /** Path of the picture; undefined where there is none. */
  readonly screen: string | undefined
  /** The text of `report.txt`. */
  readonly report: string
  /** The id of the machine's state; undefined where this test has none. */
  readonly replay: string | undefined
  /** One line for a person. */
  readonly summary: string
}

const screenshotDeadline = 5000
const reportFile = 'report.txt'
const screenFile = 'screen.png'

/**
 * Keeps what a test and its machine look like, in the test's own folder below `root`. Without a picture, the report says
 * why there is none.
 * @throws OsrunError HOST_FILE_FAILED
 */
export async function collectEvidence(root: string, test: ObservedTest, machine: ObservedMachine): Promise<Evidence> {
  const folder = attemptFolder(root, test)
  // As it is at this moment, not when the picture has come.
  const log = machine.log.read()
  // Ending a command that waited for a dialog took the dialog from the screen.
  const kept = log.commands.at(-1)?.picture
  const picture = kept === undefined ? await takePicture(machine.win) : { png: kept }
  const shown = kept === undefined ? screenFile : `${screenFile}, as it was when the last command was ended`
  const saved = test.state === 'failed' ? await machine.save?.(test) : undefined
  const state = saved && describeState(saved)
  const report = reportText({ ...describe(test, machine), log, screen: 'why' in picture ? picture.why : shown, state })
  const screen = 'png' in picture ? join(folder, screenFile) : undefined
  try {
    await mkdir(folder, { recursive: true })
    if (screen !== undefined && 'png' in picture) {
      await writeFile(screen, picture.png)
    }
    await writeFile(join(folder, reportFile), report)
  } catch (cause) {
    throw new OsrunError('HOST_FILE_FAILED', `${toOsrunError(cause).message}`, { cause })
  }
  const replay = saved?.note === undefined ? saved?.id : undefined
  return { folder, screen, report, replay, summary: lastCommand(log) }
}

function describeState({ id, note }: KeptState): string {
  if (id === undefined) {
    return `none: ${note}`
  }
  return `osrun replay ${id}${note === undefined ? '' : `, ${note}`}`
}

/** The same for a test whose process is about to end: at once, and without a picture. */
export function collectLastEvidence(root: string, test: ObservedTest, machine: ObservedMachine): void {
  const folder = attemptFolder(root, test)
  const screen = 'none: the run was interrupted'
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, reportFile),
    reportText({ ...describe(test, machine), log: machine.log.read(), screen, state: undefined }),
  )
}

async function takePicture(win: () => Win): Promise<{ png: Uint8Array } | { why: string }> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`it took longer than ${screenshotDeadline} ms`)), screenshotDeadline)
  try {
    const { png } = await Promise.race([win().screenshot(), late])
    return { png }
  } catch (error) {
    return { why: `none: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    clearTimeout(timer)
  }
}

function describe(
  { place, state, attempt, errors }: ObservedTest,
  { win, sharedRoom }: ObservedMachine,
): Omit<ReportedTest, 'log' | 'screen' | 'state'> {
  return {
    title: [...(place.project === '' ? [] : [`[${place.project}]`]), [place.file, ...place.names].join(' > ')].join(
      ' ',
    ),
    outcome: attempt === '' ? state : `${state} at ${attempt}`,
    errors,
    ...describeMachine(win, sharedRoom),
  }
}

function describeMachine(win: () => Win, sharedRoom: boolean): Pick<ReportedTest, 'machine' | 'viewer'> {
  try {
    const { guest, snapshotName, viewerUrl } = win()
    const viewer = sharedRoom ? viewerUrl.split('#', 1)[0] : viewerUrl
    return { machine: `guest ${guest}, snapshot ${snapshotName}`, viewer }
  } catch (error) {
    return { machine: `none: ${toOsrunError(error).message}`, viewer: undefined }
  }
}
