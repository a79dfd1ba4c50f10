import { AsyncLocalStorage } from 'node:async_hooks'
import { relative } from 'node:path'
import type { RecordedCommand } from '../src/client/command.ts'
import type { Connection } from '../src/client/connection.ts'
import { acquireWin } from '../src/client/lease.ts'
import { SnapshotNames } from '../src/client/snapshot-names.ts'
import type { Win } from '../src/client/win.ts'
import { OsrunError, toOsrunError } from '../src/protocol/errors.ts'
import type { Environment } from '../src/runtime/settings.ts'
import { CommandLog } from './failure/command-log.ts'
import {
  collectEvidence,
  collectLastEvidence,
  type Evidence,
  type ObservedMachine,
  type ObservedTest,
} from './failure/evidence.ts'
import { evidenceFolder } from './failure/folder.ts'
import { FailureStates } from './failure/states.ts'
import { findRecipes, findServer } from './handover.ts'
import { type ResolvedMachineOptions, resolveOptions } from './options.ts'
import { within } from './within.ts'

/**
 * What a test environment hands to the files that run in it: their machine. Found by a key, used by its shape: test
 * runners load this module more than once.
 */
export interface Session {
  /** The current file's machine. @throws OsrunError where it is not there (yet) */
  readonly win: Win
  /** Begins to get a machine; the returned promise never rejects. */
  prepare(): Promise<void>
  /** The machine of this test file: a fresh one where the former file had another. */
  forFile(path: string): Promise<Win>
  /** Runs one test: its `signal` ends what it still runs in the guest. With `isolate: 'test'` on a fresh machine. */
  duringTest(test: SessionTest, run: () => Promise<void>): Promise<void>
  /** The same for runners that only tell when a test begins; the returned function says that it has ended. */
  begin(test: SessionTest): Promise<() => void>
  /**
   * Keeps what the running test and its machine look like; undefined where the option `artifacts` does not ask for it,
   * and where it was done.
   * @throws OsrunError HOST_FILE_FAILED
   */
  evidence(): Promise<Evidence | undefined>
  /** The process is about to end: keeps of the running tests what can be kept at once. */
  interrupt(): void
  /** Gives the machine back, in at most a few seconds. Safe to call twice. */
  close(): Promise<void>
}

/** A test that runs. */
export interface SessionTest {
  readonly signal: AbortSignal
  /** What there is to tell of it at this moment. */
  observe(): ObservedTest
}

interface RunningTest extends SessionTest {
  readonly log: CommandLog
  /** Of what state of it there is evidence. */
  kept: ObservedTest['state'] | undefined
}

/** The number is the version of `Session`. */
export const sessionKey: unique symbol = Symbol.for('osrun.session.v1')

const releaseDeadline = 3000

/** A session of the machine room that the environment variables or the options name. */
export function createSession(ownOptions: unknown, environment: Environment = process.env): Session {
  const current = new AsyncLocalStorage<RunningTest>()
  const running = new Set<RunningTest>()
  /** The test that began last, for what no test is known to have called. */
  let begun: RunningTest | undefined
  let machine: Machine | undefined
  let usedBy: string | undefined
  let file = Promise.withResolvers<string>()
  let testsBefore = 0
  let connection: Connection | undefined
  const states = new FailureStates()

  let resolved: ReturnType<typeof resolveOptions> | undefined
  function options() {
    resolved ??= resolveOptions(ownOptions, environment)
    return resolved
  }

  async function acquire(signal: AbortSignal): Promise<Win> {
    const { runtime, guest, snapshot, clock, network } = options()
    const server = findServer(environment, runtime)
    if (server === undefined) {
      throw noServer()
    }
    const request = {
      guest,
      snapshot,
      clock,
      network,
      label: `vitest worker ${environment.VITEST_POOL_ID ?? process.pid}`,
    }
    const hooks = {
      laterLabel: file.promise,
      names: new SnapshotNames(findRecipes(environment, guest)),
      signals: () => {
        const test = theTest()
        return test === undefined ? [] : [test.signal]
      },
      record: (command: RecordedCommand) => theTest()?.log.record(command),
      dialogs: () => options().dialogs,
      onConnection: (opened: Connection) => {
        connection = opened
      },
    }
    return acquireWin({ ...server, signal }, request, hooks)
  }

  function theMachine(): Machine {
    machine ??= startMachine(acquire)
    return machine
  }

  async function restoreForTest(): Promise<void> {
    if (running.size > 1) {
      throw new OsrunError(
        'BAD_OPTION',
        'Tests that run at the same time share one machine: `isolate: "test"` needs tests in sequence',
      )
    }
    testsBefore += 1
    if (testsBefore > 1) {
      const win = await theMachine().ready
      await win.restore(options().snapshot)
    }
  }

  function theTest(): RunningTest | undefined {
    return current.getStore() ?? begun
  }

  async function enter({ signal, observe }: SessionTest): Promise<RunningTest> {
    const test = { signal, observe, log: new CommandLog(), kept: undefined }
    running.add(test)
    try {
      if (options().isolate === 'test') {
        await restoreForTest()
      }
    } catch (error) {
      running.delete(test)
      throw error
    }
    return test
  }

  function observeMachine({ log }: RunningTest): ObservedMachine {
    const { runtime, replay } = options()
    const run = findServer(environment, runtime)?.run ?? `process ${process.ppid}`
    return {
      ...{ win: () => theMachine().now(), log, sharedRoom: typeof runtime === 'object' },
      save: replay ? ({ place }) => states.save(connection, run, place) : undefined,
    }
  }

  return {
    get win() {
      return theMachine().now()
    },
    async prepare() {
      await theMachine().ready.catch(() => {})
    },
    async forFile(path) {
      if (usedBy !== undefined && usedBy !== path) {
        await machine?.close()
        machine = undefined
        connection = undefined
        file = Promise.withResolvers()
        testsBefore = 0
      }
      usedBy = path
      file.resolve(relative(process.cwd(), path))
      return theMachine().ready
    },
    async duringTest(given, run) {
      const test = await enter(given)
      try {
        await current.run(test, run)
      } finally {
        running.delete(test)
      }
    },
    async begin(given) {
      const test = await enter(given)
      begun = test
      return () => {
        running.delete(test)
        begun = begun === test ? undefined : begun
      }
    },
    async evidence() {
      const test = theTest()
      if (test === undefined) {
        return undefined
      }
      const observed = test.observe()
      if (observed.state === test.kept || !isWanted(options(), observed)) {
        return undefined
      }
      test.kept = observed.state
      return collectEvidence(evidenceFolder(environment), observed, observeMachine(test))
    },
    interrupt() {
      for (const test of running) {
        if (options().artifacts !== 'never') {
          keepQuietly(() => collectLastEvidence(evidenceFolder(environment), test.observe(), observeMachine(test)))
        }
      }
    },
    async close() {
      await machine?.close()
    },
  }
}

function isWanted({ artifacts }: ResolvedMachineOptions, { state }: ObservedTest): boolean {
  return artifacts === 'always' ? state !== 'running' : artifacts === 'on-failure' && state === 'failed'
}

/** Nobody is there any more to be told of a failure. */
function keepQuietly(keep: () => void): void {
  try {
    keep()
  } catch {}
}

/** A machine that is asked for, has come, or could not be had. */
interface Machine {
  readonly ready: Promise<Win>
  now(): Win
  close(): Promise<void>
}

function startMachine(acquire: (signal: AbortSignal) => Promise<Win>): Machine {
  const unwanted = new AbortController()
  let outcome: { win: Win } | { error: OsrunError } | undefined
  const ready = acquire(unwanted.signal)
  const settled = ready.then(
    (win) => {
      outcome = { win }
    },
    (error) => {
      outcome = { error: toOsrunError(error) }
    },
  )
  return {
    ready,
    now() {
      if (outcome === undefined) {
        throw new OsrunError('NOT_IN_ENVIRONMENT', notReady)
      }
      if ('error' in outcome) {
        throw outcome.error
      }
      return outcome.win
    },
    async close() {
      unwanted.abort()
      await within(releaseDeadline, async () => {
        await settled
        if (outcome !== undefined && 'win' in outcome) {
          await outcome.win[Symbol.asyncDispose]()
        }
      })
    },
  }
}

const notReady =
  'The machine is not ready yet: use `win` inside tests and hooks, and have the setup file ' +
  '"vitest-environment-osrun/setup" in `setupFiles` (the plugin does that)'

function noServer(): OsrunError {
  return new OsrunError(
    'NOT_IN_ENVIRONMENT',
    'No machine room: add the plugin of "vitest-environment-osrun/plugin" to the Vitest config, or ' +
      '"vitest-environment-osrun/global-setup" to `globalSetup`, or set OSRUN_URL and OSRUN_TOKEN',
  )
}
