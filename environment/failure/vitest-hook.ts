import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { type RunnerTestCase, recordArtifact, type TestAnnotation, TestRunner, type VitestTestRunner } from 'vitest'
import { findSession } from '../current-session.ts'
import type { Evidence, ObservedTest } from './evidence.ts'
import type { TestPlace } from './folder.ts'
import { summaryLine } from './report.ts'

type OnTaskFinished = VitestTestRunner['onTaskFinished']

const othersKey: unique symbol = Symbol.for('osrun.on-task-finished.v1')
let runner: VitestTestRunner | undefined

/**
 * Has evidence taken as soon as a test's own function has failed, before hooks such as `afterEach` tidy the machine up.
 * A setup file is not told of that moment, only Vitest's runner is; a runner of our own in the config would take the
 * place of the user's. So the method, which Vitest leaves to runners to define, is given to the one that is there.
 */
export function watchTests(): void {
  const prototype: VitestTestRunner = TestRunner.prototype
  const before = prototype.onTaskFinished
  // Without isolation each file loads its setup files anew, in one and the same Vitest.
  const others = before !== undefined && othersKey in before ? (before[othersKey] as OnTaskFinished) : before
  async function onTaskFinished(this: VitestTestRunner, test: RunnerTestCase): Promise<void> {
    runner = this
    await recordEvidence(test)
    await others?.call(this, test)
  }
  prototype.onTaskFinished = Object.assign(onTaskFinished, { [othersKey]: others })
}

/** Takes the evidence of a test that failed, unless this attempt has it already. Never throws. */
export async function recordEvidence(test: RunnerTestCase): Promise<void> {
  try {
    const evidence = await findSession()?.evidence()
    if (evidence !== undefined) {
      await tell(test, evidence)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    await annotate(test, { type, message: `The evidence of this test is missing: ${why}` }).catch(() => {})
  }
}

const type = 'osrun'

async function tell(test: RunnerTestCase, evidence: Evidence): Promise<void> {
  const { folder, screen, report } = evidence
  const { retryCount: retryIndex = 0, repeatCount: repeatIndex = 0, state } = test.result ?? {}
  if (screen !== undefined && state === 'fail') {
    // Vitest calls this kind its own. Where it changes, the picture is still in the folder.
    await recordArtifact(test, {
      type: 'internal:failureScreenshot',
      attachments: [{ contentType: 'image/png', path: screen, originalPath: screen }],
      ...{ retryIndex, repeatIndex },
    }).catch(() => {})
  }
  await annotate(test, {
    type,
    message: summaryLine(evidence, relative(process.cwd(), folder)),
    attachment: { contentType: 'text/plain', body: Buffer.from(report).toString('base64') },
  })
}

/** As `context.annotate`, which Vitest refuses once the test has failed. */
async function annotate(test: RunnerTestCase, annotation: TestAnnotation): Promise<void> {
  const location = placeOfFailure(test)
  const told = await runner?.onTestAnnotate?.(test, { ...annotation, ...(location && { location }) })
  if (told !== undefined) {
    test.annotations.push(told)
  }
}

/** Without a place, GitHub is not told. */
function placeOfFailure({ result, file }: RunnerTestCase): TestAnnotation['location'] {
  const [, rest] = result?.errors?.at(-1)?.stack?.split(`${file.filepath}:`) ?? []
  const [, line, column] = /^(\d+):(\d+)/.exec(rest ?? '') ?? []
  return line === undefined ? undefined : { file: file.filepath, line: Number(line), column: Number(column) }
}

/** Tells of an attempt of a test that is about to begin, at whatever moment it is asked. */
export function observer(test: RunnerTestCase): () => ObservedTest {
  const errorsBefore = test.result?.errors?.length ?? 0
  return () => observe(test, errorsBefore)
}

function observe(test: RunnerTestCase, errorsBefore: number): ObservedTest {
  return {
    ...{ place: placeOf(test), state: stateOf(test), attempt: attemptOf(test) },
    errors: (test.result?.errors ?? [])
      .slice(errorsBefore)
      .map(({ message = '' }) => stripVTControlCharacters(message)),
  }
}

/** Where a test stands, which is where its evidence goes. */
export function placeOf(test: Readonly<RunnerTestCase>): TestPlace {
  return { project: test.file.projectName ?? '', file: test.file.name, names: namesOf(test), id: test.id }
}

/** Empty for the first attempt: `retry 1`, `repeat 2`. */
export function attemptOf({ result }: Readonly<RunnerTestCase>): string {
  const { retryCount = 0, repeatCount = 0 } = result ?? {}
  return [
    ...(repeatCount > 0 ? [`repeat ${repeatCount}`] : []),
    ...(retryCount > 0 ? [`retry ${retryCount}`] : []),
  ].join(' ')
}

function stateOf({ result, fails }: RunnerTestCase): ObservedTest['state'] {
  if (result?.state !== 'fail' && result?.state !== 'pass') {
    return 'running'
  }
  // A test that is meant to fail is turned round after all hooks.
  return (result.state === 'fail') === (fails === true) ? 'passed' : 'failed'
}

function namesOf(test: Readonly<RunnerTestCase>): string[] {
  const names = [test.name]
  for (let { suite } = test; suite !== undefined && suite !== test.file; suite = suite.suite) {
    names.unshift(suite.name)
  }
  return names
}
